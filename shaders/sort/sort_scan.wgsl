// Each count becomes the sum of those of its digit in the tiles before; the digit's sum lies behind all.

@compute @workgroup_size(WORKGROUP)
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) lane: u32,
) {
    let digit = group_index(group, groups);
    let row = digit * params.tiles;
    // a group too many at the end of the grid has nothing to do, but its barriers are everyone's
    let tiles = select(0u, params.tiles, digit < params.digits);
    var running = 0u;
    for (var begin = 0u; begin < params.tiles; begin += WORKGROUP) {
        let i = begin + lane;
        var count = 0u;
        if (i < tiles) {
            count = histogram[row + i];
        }
        let sum = scanned(lane, count);
        if (i < tiles) {
            histogram[row + i] = running + sum - count;
        }
        workgroupBarrier();
        if (lane == WORKGROUP - 1u) {
            partial[0] = sum;
        }
        workgroupBarrier();
        running += partial[0];
        workgroupBarrier();
    }
    if (lane == 0u && digit < params.digits) {
        histogram[params.digits * params.tiles + digit] = running;
    }
}
