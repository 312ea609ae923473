// What was met in an episode: counts, and the means of the rewards. A thread an instance.

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
    for (var k = 0u; k < params.layers; k++) {
        let columns = meetings[2u * k + 1u];
        var column = rival_path[k * n + instance];
        // the rival's actions alone, where it is in the same state
        column %= columns;
        let met = (meetings[2u * k] + path[k * n + instance] * columns + column) * n + instance;
        let reward = rewards[params.rewards_base + k * params.rewards_stride + instance];
        counts[met] += 1u;
        means[met] += (reward - means[met]) / f32(counts[met]);
    }
}
