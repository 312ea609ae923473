// Up to four columns of the row of `rows` that begins at an element, from a column on; `left` columns are
// left in it.
alias RowsElem = Elem;

fn load_rows(row: u32, column: u32, left: u32) -> vec4<f32> {
    let e = row + column;
    var v = vec4<f32>(rows[e], 0.0, 0.0, 0.0);
    if (left > 1u) {
        v.y = rows[e + 1u];
    }
    if (left > 2u) {
        v.z = rows[e + 2u];
    }
    if (left > 3u) {
        v.w = rows[e + 3u];
    }
    return v;
}
