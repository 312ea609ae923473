// Four columns of the row of codes that begins at a word with its scale and bias, from a multiple of 4 on.
// Behind the last column lie zeros.
alias RowsElem = u32;

fn load_rows(row: u32, column: u32, left: u32) -> vec4<f32> {
    if (params.rows_type == TYPE_INT8) {
        let codes = unpack4xU8(rows[row + 2u + column / 4u]);
        return bitcast<f32>(rows[row]) * vec4<f32>(codes) + bitcast<f32>(rows[row + 1u]);
    }
    let bits = select(2u, 4u, params.rows_type == TYPE_INT4);
    let columns = 32u / bits;
    let word = rows[row + 1u + column / columns] >> ((column % columns) * bits);
    let codes = (vec4<u32>(word) >> (vec4<u32>(0u, 1u, 2u, 3u) * bits)) & vec4<u32>((1u << bits) - 1u);
    let header = unpack2x16float(rows[row]);
    return header.x * vec4<f32>(codes) + header.y;
}
