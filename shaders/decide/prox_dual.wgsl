// The queues of constraints and their prices, by the point that was played last. A thread an instance.

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
    let weight = rates[WEIGHT * params.instances + instance];
    for (var k = 0u; k < params.constraints; k++) {
        let at = k * params.instances + instance;
        var excess = -bounds[at];
        for (var entry = 0u; entry < params.entries; entry++) {
            let normal = normal_of(k, entry, instance);
            // floors are of few entries
            if (normal != 0.0 || params.shared_normals == 0u) {
                excess += normal * point[entry * params.instances + instance];
            }
        }
        let weighted = weight * excess;
        let queue = max(-weighted, queues[at] + weighted);
        queues[at] = queue;
        prices[at] = weight * (queue + weighted);
    }
}
