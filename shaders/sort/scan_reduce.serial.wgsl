// scan_reduce for software adapters: one thread a block.
@group(0) @binding(0) var<storage, read> values: array<u32>;
@group(0) @binding(1) var<storage, read_write> sums: array<u32>;

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
    var sum = 0u;
    for (var i = begin; i < end; i++) {
        sum += values[i];
    }
    sums[block] = sum;
}
