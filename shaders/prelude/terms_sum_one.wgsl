// The sum of a row's terms, whose columns are loaded one by one.
fn terms_sum(row: Row, column: u32) -> vec4<f32> {
    return terms_sum_again(row, column);
}
