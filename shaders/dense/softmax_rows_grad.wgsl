// The gradient of softmax_rows from its output y: out = y (g - sum of y g) scale. Threads and sums as there.

@compute @workgroup_size(WORKGROUP)
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) thread: u32,
) {
    let place = lane_of(group_index(group, groups), thread);
    let source = params.input_base + place.row * params.input_stride;
    let of_grad = params.grad_base + place.row * params.grad_stride;
    var sum = vec4<f32>();
    for (var column = place.lane * 4u; column < place.cols; column += LANES * 4u) {
        let left = place.cols - column;
        sum += load_input(source + column, left) * load_grad(of_grad + column, left);
    }
    let along = lanes_sum(place, sum);
    let target_row = params.out_base + place.row * params.out_stride;
    for (var column = place.lane * 4u; column < place.cols; column += LANES * 4u) {
        let left = place.cols - column;
        let value = load_input(source + column, left) * (load_grad(of_grad + column, left) - along);
        store_out(target_row + column, left, value * params.scale);
    }
}
