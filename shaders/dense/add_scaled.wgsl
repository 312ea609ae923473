// out = factor * a, with an addend: nothing, b, or what the output holds. A thread has one element.

@compute @workgroup_size(WORKGROUP)
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) thread: u32,
) {
    let i = group_index(group, groups) * WORKGROUP + thread;
    if (i >= params.rows * params.cols) {
        return;
    }
    let row = i / params.cols;
    let column = i % params.cols;
    let at = params.out_base + row * params.out_stride + column;
    var sum = params.factor * a[params.a_base + row * params.a_stride + column];
    if (params.addend == ADDEND_B) {
        sum += b[params.b_base + row * params.b_stride + column];
    } else if (params.addend == ADDEND_OUT) {
        sum += out[at];
    }
    out[at] = sum;
}
