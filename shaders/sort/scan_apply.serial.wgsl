// scan_apply for software adapters: one thread a block.
@group(0) @binding(0) var<storage, read> sums: array<u32>;
@group(0) @binding(1) var<storage, read_write> values: array<u32>;

@group(1) @binding(0) var<uniform> params: Params;

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
