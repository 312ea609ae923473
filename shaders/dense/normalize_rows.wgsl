// Rows divided by their lengths, or by `eps` where they are shorter. Sixteen threads a row: lane l takes the
// columns 4 l to 4 l + 3 of every 64, and a tree adds the lanes.

@compute @workgroup_size(WORKGROUP)
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) thread: u32,
) {
    let place = lane_of(group_index(group, groups), thread);
    let source = params.input_base + place.row * params.input_stride;
    let norm = row_norm(place, source);
    let target_row = params.out_base + place.row * params.out_stride;
    let divisor = max(norm.root, params.eps * norm.times);
    for (var column = place.lane * 4u; column < place.cols; column += LANES * 4u) {
        let value = load_input(source + column, place.cols - column) * norm.times;
        store_out(target_row + column, place.cols - column, value / divisor);
    }
}
