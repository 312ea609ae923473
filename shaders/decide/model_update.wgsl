// Counts of the moves of an episode; where a pair's number doubled, all that was counted becomes the model. A thread an
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
    var doubled = false;
    for (var k = 0u; k < params.layers; k++) {
        let pair = path[k * n + instance];
        var y = 0u;
        if (k + 1u < params.layers) {
            y = path[(k + 1u) * n + instance] / params.actions;
        }
        let visited = (first_pair(k) + pair) * n + instance;
        visits[visited] += 1u;
        moves[(first_move(k) + pair * states_of(k + 1u) + y) * n + instance] += 1u;
        let before = begun[visited];
        doubled |= visits[visited] - before >= max(before, 1u);
    }
    if (!doubled) {
        return;
    }
    for (var k = 0u; k < params.layers; k++) {
        let next = states_of(k + 1u);
        for (var pair = 0u; pair < states_of(k) * params.actions; pair++) {
            let at = (first_pair(k) + pair) * n + instance;
            begun[at] = visits[at];
            for (var y = 0u; y < next; y++) {
                let moved = (first_move(k) + pair * next + y) * n + instance;
                model[moved] =
                    select(1.0 / f32(next), f32(moves[moved]) / f32(visits[at]), visits[at] > 0u);
            }
        }
    }
    // the epochs
    begun[first_pair(params.layers) * n + instance] += 1u;
}
