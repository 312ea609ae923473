// sort_scan for software adapters: one thread a digit.

@compute @workgroup_size(WORKGROUP)
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) lane: u32,
) {
    let digit = group_index(group, groups) * WORKGROUP + lane;
    if (digit >= params.digits) {
        return;
    }
    let row = digit * params.tiles;
    var running = 0u;
    for (var i = row; i < row + params.tiles; i++) {
        let count = histogram[i];
        histogram[i] = running;
        running += count;
    }
    histogram[params.digits * params.tiles + digit] = running;
}
