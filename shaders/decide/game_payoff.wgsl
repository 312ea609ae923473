// What each pair of state and action of one side is worth in a game, by how often the other side has each of
// its own. A thread a pair of an instance.

@compute @workgroup_size(WORKGROUP)
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) thread: u32,
) {
    let at = group_index(group, groups) * WORKGROUP + thread;
    let n = params.instances;
    if (at >= params.pairs * n) {
        return;
    }
    let instance = at % n;
    var pair = at / n;
    var k = 0u;
    while (pair >= first_pair(k + 1u)) {
        k++;
    }
    pair -= first_pair(k);
    // where the sides are in the same state, its actions alone meet
    let state = pair / params.actions;
    let is_shared = params.shared_states == 1u;
    let first = select(0u, state * params.rival_actions, is_shared);
    let count = select(rival_places[4u * k], 1u, is_shared) * params.rival_actions;
    // a row for each pair of the first side
    let columns = meetings[2u * k + 1u];
    var met = meetings[2u * k];
    var step = 1u;
    if (params.side == 0u) {
        met += pair * columns;
    } else {
        met += select(pair, first * columns + pair % params.actions, is_shared);
        step = columns;
    }
    var sum = 0.0;
    for (var i = 0u; i < count; i++) {
        var value = rewards[params.rewards_base + met * params.rewards_stride + instance];
        if (params.bonus != 0.0) {
            value += params.bonus / sqrt(f32(max(counts[met * n + instance], 1u)));
        }
        sum += weights[(rival_places[4u * k + 2u] + first + i) * n + instance] * value;
        met += step;
    }
    payoff[at] = clamp(sum, 0.0, 1.0);
}
