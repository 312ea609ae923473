// Four columns of the row of `rows` that begins at an element, from a column on.
alias RowsElem = Elem;

fn load_rows(row: u32, column: u32, left: u32) -> vec4<f32> {
    return rows[(row + column) / 4u];
}
