// Up to four columns of the row of `rows`, of any type, that begins at an element, from a column on; `left`
// columns are left in it. Rows of 16-bit elements begin at whole words.
alias RowsElem = u32;

fn load_rows(row: u32, column: u32, left: u32) -> vec4<f32> {
    let e = row + column;
    var v = vec4<f32>();
    if (params.rows_type == TYPE_F32) {
        v.x = bitcast<f32>(rows[e]);
        if (left > 1u) {
            v.y = bitcast<f32>(rows[e + 1u]);
        }
        if (left > 2u) {
            v.z = bitcast<f32>(rows[e + 2u]);
        }
        if (left > 3u) {
            v.w = bitcast<f32>(rows[e + 3u]);
        }
        return v;
    }
    let first = unpack_pair(rows[e / 2u], params.rows_type);
    v.x = first.x;
    v.y = select(0.0, first.y, left > 1u);
    if (left > 2u) {
        let second = unpack_pair(rows[e / 2u + 1u], params.rows_type);
        v.z = second.x;
        v.w = select(0.0, second.y, left > 3u);
    }
    return v;
}
