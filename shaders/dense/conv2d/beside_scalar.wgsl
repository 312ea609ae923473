// Four columns of a row of `input` from `column` on, and the same one further left and right; zeros outside.
fn beside(row: u32, column: u32) -> Beside {
    let middle = load_input(row + column, params.cols - column);
    var before = 0.0;
    if (column > 0u) {
        before = input[row + column - 1u];
    }
    var behind = 0.0;
    if (column + 4u < params.cols) {
        behind = input[row + column + 4u];
    }
    return Beside(vec4<f32>(before, middle.xyz), middle, vec4<f32>(middle.yzw, behind));
}
