// Episodes: the actions that a policy takes, drawn by seed, episode and instance, and the states that they
// lead to. A thread an instance.

// A number from 0 to 1 that depends on these alone.
fn drawn(draw: u32, instance: u32) -> f32 {
    return f32(random_word(params.seed, instance, draw) >> 8u) * 0.000000059604644775390625;
}

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
    var state = 0u;
    for (var k = 0u; k < params.layers; k++) {
        if (params.leader_actions > 0u) {
            state = leader[k * n + instance] / params.leader_actions;
        }
        let draw = 2u * (params.episode * params.layers + k);
        var action = 0u;
        var left = drawn(draw, instance) - policy[(first_pair(k) + state * params.actions) * n + instance];
        while (left >= 0.0 && action + 1u < params.actions) {
            action++;
            left -= policy[(first_pair(k) + state * params.actions + action) * n + instance];
        }
        let pair = state * params.actions + action;
        path[k * n + instance] = pair;
        if (params.leader_actions == 0u) {
            let first = first_move(k) + pair * states_of(k + 1u);
            state = 0u;
            left = drawn(draw + 1u, instance) - moves[first * n + instance];
            while (left >= 0.0 && state + 1u < states_of(k + 1u)) {
                state++;
                left -= moves[(first + state) * n + instance];
            }
        }
    }
}
