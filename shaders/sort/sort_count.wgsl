// Counts a tile's keys by digit: histogram[digit * tiles + tile].

// at most 16 digits here
var<workgroup> counts: array<atomic<u32>, 16>;

@compute @workgroup_size(WORKGROUP)
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) lane: u32,
) {
    let tile = group_index(group, groups);
    if (lane < 16u) {
        atomicStore(&counts[lane], 0u);
    }
    workgroupBarrier();
    let begin = min(tile * params.tile, params.len);
    let end = min(begin + params.tile, params.len);
    for (var i = begin + lane; i < end; i += WORKGROUP) {
        atomicAdd(&counts[(keys[i] >> params.shift) & (params.digits - 1u)], 1u);
    }
    workgroupBarrier();
    if (lane < params.digits && tile < params.tiles) {
        histogram[lane * params.tiles + tile] = atomicLoad(&counts[lane]);
    }
}
