// What a policy is estimated to be worth, from the last layer to the first, and a step of it towards the
// actions that are worth more: a step of mirror descent by entropy, of weights in logarithms. A thread an
// instance.

@compute @workgroup_size(WORKGROUP)
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) thread: u32,
) {
    let instance = group_index(group, groups) * WORKGROUP + thread;
    if (instance >= params.instances) {
        return;
    }
    let n = params.instances;
    for (var left = 1u; left <= params.layers; left++) {
        let k = params.layers - left;
        let next = states_of(k + 1u);
        let later = select(0.0, 1.0, params.moves == 1u && left > 1u);
        for (var state = 0u; state < states_of(k); state++) {
            var value = 0.0;
            var most = -3.4e38;
            for (var action = 0u; action < params.actions; action++) {
                let pair = state * params.actions + action;
                let at = (first_pair(k) + pair) * n + instance;
                var worth = payoff[at];
                if (later > 0.0) {
                    for (var y = 0u; y < next; y++) {
                        let moved = model[(first_move(k) + pair * next + y) * n + instance];
                        worth += moved * values[(first_state(k + 1u) + y) * n + instance];
                    }
                    worth += params.bonus * sqrt(f32(next) / f32(max(visits[at], 1u)));
                    worth = clamp(worth, 0.0, f32(left));
                }
                value += policy[at] * worth;
                let weight = weights[at] + params.rate * worth;
                weights[at] = weight;
                most = max(most, weight);
            }
            values[(first_state(k) + state) * n + instance] = value;
            var total = 0.0;
            for (var action = 0u; action < params.actions; action++) {
                let at = (first_pair(k) + state * params.actions + action) * n + instance;
                let weight = weights[at] - most;
                let share = exp_2_or_zero(weight);
                weights[at] = weight;
                policy[at] = share;
                total += share;
            }
            for (var action = 0u; action < params.actions; action++) {
                policy[(first_pair(k) + state * params.actions + action) * n + instance] /= total;
            }
        }
    }
}
