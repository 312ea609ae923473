// Fills rows with uniform numbers in [-scale, scale) that depend on seed, row and column alone, or with a
// constant.

@compute @workgroup_size(WORKGROUP)
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) lane: u32,
) {
    let word = group_index(group, groups) * WORKGROUP + lane;
    if (word >= params.words) {
        return;
    }
    if (params.table_type == TYPE_F32) {
        table[word] = bitcast<u32>(value_at(word / params.dim, word % params.dim));
        return;
    }
    let row_words = (params.dim + 1u) / 2u;
    let row = word / row_words;
    let column = word % row_words * 2u;
    var bits = nearest(value_at(row, column), params.table_type);
    if (column + 1u < params.dim) {
        bits |= nearest(value_at(row, column + 1u), params.table_type) << 16u;
    }
    table[word] = bits;
}

fn value_at(row: u32, column: u32) -> f32 {
    if (params.uniform_values == 1u) {
        return uniform_value(params.seed, params.first_row + row * params.row_step, params.first_column + column, params.scale);
    }
    return params.scale;
}
