// The gradient behind an activation, from its output y: out *= 1 where y > 0 (relu), y (1 - y) (sigmoid)

@compute @workgroup_size(WORKGROUP)
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) thread: u32,
) {
    // a thread has four columns of a row
    let quads = (params.cols + 3u) / 4u;
    let i = group_index(group, groups) * WORKGROUP + thread;
    if (i >= params.rows * quads) {
        return;
    }
    let row = i / quads;
    let column = i % quads * 4u;
    let left = params.cols - column;
    let value = load_activated(params.activated_base + row * params.activated_stride + column, left);
    let e = params.out_base + row * params.out_stride + column;
    let grad = load_out(e, left);
    if (params.activation == ACTIVATION_RELU) {
        store_out(e, left, select(vec4<f32>(), grad, value > vec4<f32>()));
    } else {
        store_out(e, left, grad * (value * (1.0 - value)));
    }
}
