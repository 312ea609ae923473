// Four columns of `rows` at element `e`.
alias RowsElem = Elem;

fn load_rows(e: u32, left: u32) -> vec4<f32> {
    return rows[e / 4u];
}
