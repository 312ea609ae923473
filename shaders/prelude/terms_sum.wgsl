// The sum of a row's terms, four columns at a time; pieces and groups of long rows may have been summed
// ahead.
fn terms_sum(row: Row, column: u32) -> vec4<f32> {
    let left = row.dim - column;
    var total = vec4<f32>();
    var group = vec4<f32>();
    // a single loop: drivers inline this several times
    var p = row.begin;
    while (p < row.end) {
        if (params.split == 1u && p + PIECE < row.end) {
            group += partials[(p / PIECE) * params.stride + column / 4u];
            p += select(PIECE, GROUP, (p - row.begin) % GROUP == 0u && p + GROUP < row.end);
        } else {
            let end = min(p + PIECE, row.end);
            var sum = vec4<f32>();
            while (p < end) {
                sum += term_grad(terms[p], column, left);
                p += 1u;
            }
            group += sum;
        }
        if ((p - row.begin) % GROUP == 0u || p >= row.end) {
            total += group;
            group = vec4<f32>();
        }
    }
    return total;
}
