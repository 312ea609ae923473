// Counts of the moves of an episode, and the model that they make: of the pairs that were visited, or of all
// where a pair's number doubled since the epoch began. A thread an instance.

fn renew(k: u32, pair: u32, instance: u32) {
    let n = params.instances;
    let next = states_of(k + 1u);
    let at = (first_pair(k) + pair) * n + instance;
    begun[at] = visits[at];
    for (var y = 0u; y < next; y++) {
        let moved = (first_move(k) + pair * next + y) * n + instance;
        let seen = f32(moves[moved]) + params.prior;
        let all = f32(visits[at]) + params.prior * f32(next);
        model[moved] = select(1.0 / f32(next), seen / all, visits[at] > 0u);
    }
    if (params.radius > 0.0) {
        let far = params.radius * sqrt(f32(next) / f32(max(visits[at], 1u)));
        model[(first_move(params.layers) + first_pair(k) + pair) * n + instance] = min(far, 2.0);
    }
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
        if (params.epochs == 0u) {
            renew(k, pair, instance);
        }
    }
    if (params.epochs == 0u || !doubled) {
        return;
    }
    for (var k = 0u; k < params.layers; k++) {
        for (var pair = 0u; pair < states_of(k) * params.actions; pair++) {
            renew(k, pair, instance);
        }
    }
    // the epochs
    begun[first_pair(params.layers) * n + instance] += 1u;
}
