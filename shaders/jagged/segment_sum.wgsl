// Sums of the rows of each segment, or of each piece of one: one column a thread, in the order of the rows.

@compute @workgroup_size(WORKGROUP)
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) lane: u32,
) {
    let i = group_index(group, groups) * WORKGROUP + lane;
    if (i >= params.rows * params.dim || refused(status.bad_position, status.bad_offset)) {
        return;
    }
    let row = i / params.dim;
    let column = i % params.dim;
    var segment = row;
    var skip = 0u;
    if (params.piece > 0u) {
        if (row >= begins[params.segments]) {
            return;
        }
        segment = find_segment(row, 0u, params.segments);
        skip = (row - begins[segment]) * params.piece;
    }
    let begin = offsets[params.first + segment] + skip;
    var end = offsets[params.first + segment + 1u];
    if (params.piece > 0u) {
        end = min(end, begin + params.piece);
    }
    var sum = Elem();
    for (var p = begin; p < end; p++) {
        sum += values[params.values_base + p * params.values_stride + column];
    }
    out[params.out_base + row * params.out_stride + column] = sum;
}
