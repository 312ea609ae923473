// Four columns of the row of `rows`, of any type, that begins at an element, from a column on.
alias RowsElem = vec2<u32>;

fn load_rows(row: u32, column: u32, left: u32) -> vec4<f32> {
    let e = row + column;
    if (params.rows_type == TYPE_F32) {
        return bitcast<vec4<f32>>(vec4<u32>(rows[e / 2u], rows[e / 2u + 1u]));
    }
    let words = rows[e / 4u];
    return vec4<f32>(unpack_pair(words.x, params.rows_type), unpack_pair(words.y, params.rows_type));
}
