// Values in the places where others reach the threshold; zeros elsewhere. A thread has one element.

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
    let size = by[params.by_base + row * params.by_stride + column] & Elem(0x7fffffffu);
    let sent = (size >= Elem(threshold[0])) & (size != Elem(0u));
    let value = values[params.values_base + row * params.values_stride + column];
    out[params.out_base + row * params.out_stride + column] = select(Elem(0u), value, sent);
}
