// The way back: values[offsets[s] + j] = dense[s][j], or 0 where the dense matrix has no such place.

@compute @workgroup_size(WORKGROUP)
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) lane: u32,
) {
    let i = group_index(group, groups) * WORKGROUP + lane;
    if (i >= params.len * params.dim || refused(status.bad_position, status.bad_offset)) {
        return;
    }
    let p = i / params.dim;
    let column = i % params.dim;
    let segment = find_segment(p, 0u, params.segments);
    // below the first it wraps around, and is beyond the rows anyway
    let row = segment - params.first;
    if (row >= params.rows) {
        return;
    }
    let place = p - begins[segment];
    var value = Elem();
    if (place < params.longest) {
        value = dense[params.dense_base + row * params.dense_stride + place * params.dim + column];
    }
    values[params.values_base + p * params.values_stride + column] = value;
}
