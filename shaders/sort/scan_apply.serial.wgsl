// scan_apply for software adapters: one thread a block.

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
    var running = 0u;
    if (params.carry == 1u) {
        running = sums[block];
    }
    for (var i = begin; i < end; i++) {
        let value = values[i];
        values[i] = running;
        running += value;
    }
}
