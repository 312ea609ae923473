// Segments side by side in rows of one length: dense[s][j] = values[offsets[s] + j], or the padding.

@compute @workgroup_size(WORKGROUP)
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) lane: u32,
) {
    let i = group_index(group, groups) * WORKGROUP + lane;
    let cols = params.longest * params.dim;
    if (i >= params.rows * cols || refused(status.bad_position, status.bad_offset)) {
        return;
    }
    let row = i / cols;
    let place = (i % cols) / params.dim;
    let column = i % params.dim;
    let begin = begins[params.first + row];
    var value = Elem(params.padding);
    if (place < begins[params.first + row + 1u] - begin) {
        value = values[params.values_base + (begin + place) * params.values_stride + column];
    }
    dense[params.dense_base + row * params.dense_stride + i % cols] = value;
}
