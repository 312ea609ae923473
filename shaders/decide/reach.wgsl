// How often a policy comes to each state of a process, and takes each action there. A thread an instance.

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
    reached[instance] = 1.0;
    for (var k = 0u; k < params.layers; k++) {
        for (var pair = 0u; pair < states_of(k) * params.actions; pair++) {
            let at = (first_pair(k) + pair) * n + instance;
            occupancy[at] = reached[(first_state(k) + pair / params.actions) * n + instance] * policy[at];
        }
        for (var y = 0u; y < states_of(k + 1u); y++) {
            var sum = 0.0;
            for (var pair = 0u; pair < states_of(k) * params.actions; pair++) {
                let moved = model[(first_move(k) + pair * states_of(k + 1u) + y) * n + instance];
                sum += occupancy[(first_pair(k) + pair) * n + instance] * moved;
            }
            reached[(first_state(k + 1u) + y) * n + instance] = sum;
        }
    }
}
