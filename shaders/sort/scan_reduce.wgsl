// The first half of a reduce-then-scan: the sum of each block. (No look-back: it needs forward progress
// between groups, which WebGPU does not promise.)

var<workgroup> partial: array<u32, WORKGROUP>;

@compute @workgroup_size(WORKGROUP)
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) lane: u32,
) {
    let block = group_index(group, groups);
    let begin = min(block * params.block, params.len);
    let end = min(begin + params.block, params.len);
    var sum = 0u;
    for (var i = begin + lane; i < end; i += WORKGROUP) {
        sum += values[i];
    }
    partial[lane] = sum;
    for (var width = WORKGROUP / 2u; width > 0u; width /= 2u) {
        workgroupBarrier();
        if (lane < width) {
            partial[lane] += partial[lane + width];
        }
    }
    if (lane == 0u && begin < params.len) {
        sums[block] = partial[0];
    }
}
