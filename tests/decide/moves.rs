//! Moves of simulations.

use embag::decide::{Layers, Moves, UcPd};
use embag::{Context, Recorder};

/// Where each move leads is certain, and differs by all that it may depend on.
#[test]
fn a_function_says_where_moves_lead() {
    let (ctx, instances) = (Context::cpu(), 7);
    let (states, actions) = ([1, 3, 4, 1], 2);
    let layers = Layers::new(&states, actions).unwrap();
    assert_eq!(layers.moves(), 2 * 3 + 6 * 4 + 8);
    let leads = |layer: usize, state: usize, action: usize, instance: usize| {
        (5 * state + 3 * action + instance) % states[layer + 1]
    };
    let moves = Moves::from_fn(&ctx, &layers, instances, |to| {
        f32::from(u8::from(to.next == leads(to.layer, to.state, to.action, to.instance)))
    });
    let moves = moves.unwrap();
    let mut pd = UcPd::builder(&ctx, &layers, instances).build().unwrap();
    for episode in 0..20 {
        let mut rec = Recorder::new(&ctx);
        let path = pd.record_play(&mut rec, &moves, episode).unwrap();
        rec.run().unwrap();
        let pairs: Vec<usize> = path.to_vec(&ctx).unwrap().into_iter().map(|pair| pair as usize).collect();
        for instance in 0..instances {
            let mut state = 0;
            for layer in 0..layers.steps() {
                let pair = pairs[layer * instances + instance];
                assert_eq!(pair / actions, state, "layer {layer} of instance {instance}");
                state = leads(layer, state, pair % actions, instance);
            }
        }
    }
    let error = Moves::from_fn(&ctx, &layers, 2, |to| if to.layer == 1 { 0.5 } else { 0.0 }).unwrap_err();
    assert_eq!(
        error.to_string(),
        "moves: expected shares of at least 0 that add up to 1, got 0 of pair 0 in instance 0"
    );
}
