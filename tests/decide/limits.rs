//! Problems of more instances or entries than there can be.

use embag::decide::{ConstrainedGame, FictitiousPlay, Game, Layers, MirrorProx, Moves, Path, UcPd, ValueNet};
use embag::{Context, Error};

#[test]
fn too_many_instances_are_errors_before_memory_is_taken() {
    let ctx = Context::cpu();
    let layers = Layers::new(&[1, 2, 2, 1], 2).unwrap();
    let game = Game::independent(&layers, &layers).unwrap();
    for many in [u32::MAX as usize, usize::MAX] {
        let text = many.to_string();
        for error in [
            MirrorProx::builder(&ctx, 3, many).build().unwrap_err(),
            UcPd::builder(&ctx, &layers, many).constraints(1).build().unwrap_err(),
            UcPd::builder(&ctx, &layers, many).build().unwrap_err(),
            FictitiousPlay::builder(&ctx, &game, many).build().unwrap_err(),
            ConstrainedGame::builder(&ctx, [&layers, &layers], many).build().unwrap_err(),
            ValueNet::builder(&ctx, 4, many).build().unwrap_err(),
            ValueNet::builder(&ctx, 4, many).tanh(2).build().unwrap_err(),
        ] {
            match error {
                Error::LimitExceeded { .. } if many == u32::MAX as usize => {}
                error => assert_eq!(
                    error.to_string(),
                    format!("instances: expected a size below 2^32, got {text}")
                ),
            }
        }
        let error = MirrorProx::builder(&ctx, 3, many).floor(&[1], 0.5).unwrap_err();
        assert!(error.to_string().starts_with("entries x instances: expected a size below 2^32"), "{error}");
        let error = MirrorProx::builder(&ctx, many, 3).floor(&[1], 0.5).unwrap_err();
        assert!(error.to_string().starts_with("entries x instances: expected a size below 2^32"), "{error}");
        let error = Path::from_slice(&ctx, &layers, many, &[0; 3]).unwrap_err();
        assert_eq!(error.to_string(), format!("path: expected 3 layers x {text} instances, got 3 pairs"));
        let error = Moves::from_slice(&ctx, &layers, many, &[0.5; 3]).unwrap_err();
        assert_eq!(error.to_string(), format!("moves: expected 16 moves x {text} instances, got 3 shares"));
    }
}

#[test]
fn layers_of_too_many_moves_are_errors() {
    let text = |states: &[usize], actions| Layers::new(states, actions).unwrap_err().to_string();
    assert_eq!(text(&[1, 1 << 20, 1 << 20, 1], 1), "layers: expected at most 2^30 moves, got 1099513724928");
    let most = u32::MAX as usize;
    assert!(text(&[1, most, most, most, 1], most).starts_with("layers: expected at most 2^30 moves"));
    assert_eq!(
        text(&[1, usize::MAX, 1], 1),
        format!("states: expected a size below 2^32, got {}", usize::MAX)
    );
}
