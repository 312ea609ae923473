// scan_reduce for software adapters: one thread a block.

@compute @workgroup_size(WORKGROUP)
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) lane: u32,
) {
    let block = group_index(group, groups) * WORKGROUP + lane;
    if (block >= (params.len + params.block - 1u) / params.block) {
        return;
    }
    let begin = block * params.block;
    let end = min(begin + params.block, params.len);
    var sum = 0u;
    for (var i = begin; i < end; i++) {
        sum += values[i];
    }
    sums[block] = sum;
}
