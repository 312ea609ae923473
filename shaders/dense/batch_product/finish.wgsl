// Up to four sums of a row of the output, from element `at` on; `left` columns are left.
fn finish_row(at: u32, left: u32, sums: vec4<f32>) {
    for (var i = 0u; i < min(left, 4u); i++) {
        var value = sums[i];
        if (params.accumulate == 1u) {
            value = out[at + i] + value;
        }
        out[at + i] = value;
    }
}
