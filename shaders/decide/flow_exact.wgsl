// Weights of pairs whose moves are the model's. `work` has a row for each pair: its price, and how likely the
// model's moves are under the anchor, which is the last occupancies with these moves, and a little of the
// uniform ones.

fn begin(instance: u32) {
    let n = params.instances;
    for (var k = 0u; k < params.layers; k++) {
        let next = states_of(k + 1u);
        let even = params.mix / f32(states_of(k) * params.actions * next);
        for (var pair = 0u; pair < states_of(k) * params.actions; pair++) {
            let at = (first_pair(k) + pair) * n + instance;
            let last = (1.0 - params.mix) * occupancy[at];
            var sum = price[at];
            for (var y = 0u; y < next; y++) {
                let reached = model[(first_move(k) + pair * next + y) * n + instance];
                if (reached > 0.0) {
                    sum += reached * (log_2(last * reached + even) - log_2(reached));
                }
            }
            work[at] = sum;
        }
    }
}

// How likely a move is.
fn share(moved: u32) -> f32 {
    return model[moved];
}

// The logarithm of a pair's weight, but for the potential of its own state.
fn weight(k: u32, pair: u32, instance: u32) -> f32 {
    let n = params.instances;
    let next = states_of(k + 1u);
    var sum = work[(first_pair(k) + pair) * n + instance];
    for (var y = 0u; y < next; y++) {
        let reached = model[(first_move(k) + pair * next + y) * n + instance];
        sum += reached * potentials[(first_state(k + 1u) + y) * n + instance];
    }
    return sum;
}
