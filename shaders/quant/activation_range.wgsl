// Smallest and largest value of `group_rows` rows a group, as keys of floats.

@compute @workgroup_size(WORKGROUP)
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) lane: u32,
) {
    let index = group_index(group, groups);
    let quads = (params.cols + 3u) / 4u;
    let first = min(index * params.group_rows, params.rows);
    let count = min(params.group_rows, params.rows - first) * quads;
    var range = vec2<u32>(0xffffffffu, 0u);
    for (var i = lane; i < count; i += WORKGROUP) {
        let column = i % quads * 4u;
        let left = params.cols - column;
        let v = load_input(params.input_base + (first + i / quads) * params.input_stride + column, left);
        for (var c = 0u; c < min(left, 4u); c++) {
            let key = float_key(v[c]);
            range = vec2<u32>(min(range.x, key), max(range.y, key));
        }
    }
    let all = joined(lane, range);
    // groups beyond the rows have no pair
    if (lane == 0u && first < params.rows) {
        keys[(params.first + index) * 2u] = all.x;
        keys[(params.first + index) * 2u + 1u] = all.y;
    }
}
