// The gradient of rows that were divided by their lengths: of y = x / |x| it is (g - y (y g)) / |x|, and g /
// eps where the row was divided by `eps`. Threads and sums as in normalize_rows.

@compute @workgroup_size(WORKGROUP)
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) thread: u32,
) {
    let place = lane_of(group_index(group, groups), thread);
    let source = params.input_base + place.row * params.input_stride;
    let norm = row_norm(place, source);
    let least = params.eps * norm.times;
    let divisor = max(norm.root, least);
    let of_grad = params.grad_base + place.row * params.grad_stride;
    // y g
    var sum = vec4<f32>();
    for (var column = place.lane * 4u; column < place.cols; column += LANES * 4u) {
        let left = place.cols - column;
        let value = load_input(source + column, left) * norm.times / divisor;
        sum += value * load_grad(of_grad + column, left);
    }
    let along = select(0.0, lanes_sum(place, sum), norm.root > least);
    let target_row = params.out_base + place.row * params.out_stride;
    for (var column = place.lane * 4u; column < place.cols; column += LANES * 4u) {
        let left = place.cols - column;
        let value = load_input(source + column, left) * norm.times / divisor;
        let across = load_grad(of_grad + column, left) - value * along;
        store_out(target_row + column, left, across / divisor * norm.times);
    }
}
