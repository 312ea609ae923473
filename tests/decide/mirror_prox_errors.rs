//! What `MirrorProx` refuses.

use embag::decide::{Domain, MirrorProx, Observed};
use embag::{Checkpoint, Context, Recorder};

#[test]
fn problems_that_are_none_are_errors() {
    let ctx = Context::cpu();
    let refused = |builder: embag::Result<embag::decide::MirrorProxBuilder>| {
        builder.and_then(|builder| builder.build()).unwrap_err().to_string()
    };
    let some = || MirrorProx::builder(&ctx, 3, 2);
    assert_eq!(refused(Ok(MirrorProx::builder(&ctx, 0, 2))), "entries: expected at least 1, got 0");
    assert_eq!(refused(Ok(MirrorProx::builder(&ctx, 3, 0))), "instances: expected at least 1, got 0");
    assert_eq!(refused(Ok(some().horizon(0))), "horizon: expected at least 1 round, got 0");
    let ball = Domain::Ball { radius: f32::NAN };
    assert_eq!(refused(Ok(some().domain(ball))), "radius: expected a finite number above 0, got NaN");
    assert_eq!(
        refused(Ok(some().variation(-1.0))),
        "variation: expected a finite number of at least 0, got -1"
    );
    assert_eq!(refused(some().constraint(&[1.0; 4], &[0.0])), "normals: expected 3 values, or 3 x 2, got 4");
    assert_eq!(
        refused(some().constraint(&[1.0, f32::INFINITY, 0.0], &[0.0])),
        "normals: expected finite values, got inf at 1"
    );
    assert_eq!(refused(some().floor(&[3], 0.1)), "floor: expected entries below 3, got 3");
    assert_eq!(refused(some().floor(&[1, 1], 0.1)), "floor: expected each entry once, got 1 twice");
    assert_eq!(refused(some().floor(&[1], 1.5)), "floor: expected a share from 0 to 1, got 1.5");
    let floors = some().floor(&[0], 0.5).and_then(|some| some.floor(&[1, 2], 0.75));
    assert_eq!(refused(floors), "floors: expected floors that add up to at most 1, got 1.25");
    // of those that share entries the highest counts
    let floors = some().floor(&[0], 0.125).and_then(|some| some.floor(&[0, 1], 0.75));
    let floors = floors.and_then(|some| some.floor(&[2], 0.5));
    assert_eq!(refused(floors), "floors: expected floors that add up to at most 1, got 1.25");
    assert_eq!(refused(some().floor(&[], 0.1)), "floor: expected at least 1 entry, got 0");
    let steep = refused(some().constraint(&[1e25; 3], &[0.0]));
    assert!(steep.starts_with("rates: expected variation, smoothness and normals whose squares"), "{steep}");
    assert_eq!(
        refused(Ok(some().start(&[0.5, 0.5, 0.5]))),
        "start: expected entries of at least 0 that add up to 1, got 1.5 in instance 0"
    );
}

#[test]
fn gradients_and_checkpoints_of_other_problems_are_errors_and_change_nothing() {
    let ctx = Context::cpu();
    let mut method = MirrorProx::builder(&ctx, 3, 2).floor(&[1], 0.5).unwrap().build().unwrap();
    let mut rec = Recorder::new(&ctx);
    let wrong = Observed::from_slice(&ctx, &[0.0; 6], 2, 3).unwrap();
    let error = method.record_observe(&mut rec, &wrong).unwrap_err();
    assert_eq!(error.to_string(), "gradient: expected 3 x 2, got 2 x 3");
    let large = Observed::from_slice(&ctx, &[1e20; 6], 3, 2).unwrap();
    let error = method.record_observe(&mut rec, &large).unwrap_err();
    assert!(error.to_string().contains("gradient: expected numbers from -1000000000000000 to"), "{error}");
    let error = Observed::from_slice(&ctx, &[0.0, 1.0, 2.0, f32::NAN, 4.0, 5.0], 3, 2).unwrap_err();
    assert_eq!(error.to_string(), "values: expected finite numbers, got NaN in row 1 of instance 1");
    let mut checkpoint = Checkpoint::new();
    method.export(&mut checkpoint, "mix").unwrap();
    let mut other = MirrorProx::builder(&ctx, 3, 4).build().unwrap();
    let error = other.import(&checkpoint, "mix").unwrap_err().to_string();
    assert!(error.contains("mix.point"), "{error}");
    let error = method.import(&checkpoint, "other").unwrap_err().to_string();
    assert!(error.contains("other.point"), "{error}");
    assert_eq!(other.point().to_vec(&ctx).unwrap(), vec![1.0 / 3.0; 12]);
}
