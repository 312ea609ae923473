// The queue of a constraint, by what the last costs come to under the new occupancies. A thread a constraint
// of an instance.

@compute @workgroup_size(WORKGROUP)
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) thread: u32,
) {
    let at = group_index(group, groups) * WORKGROUP + thread;
    if (at >= params.constraints * params.instances) {
        return;
    }
    let row = at / params.instances * (params.pairs + 1u);
    let instance = at % params.instances;
    var sum = queues[at] - kept[(row + params.pairs) * params.instances + instance];
    for (var pair = 0u; pair < params.pairs; pair++) {
        sum += kept[(row + pair) * params.instances + instance] * occupancy[pair * params.instances + instance];
    }
    queues[at] = max(sum, params.least);
}
