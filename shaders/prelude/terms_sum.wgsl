// The sum of a row's terms, four columns at a time; pieces of long rows may have been summed ahead.
fn terms_sum(row: Row, column: u32) -> vec4<f32> {
    let left = row.dim - column;
    var total = vec4<f32>();
    var p = row.begin;
    while (p + PIECE < row.end) {
        if (params.split == 1u) {
            total += partials[(p / PIECE) * params.stride + column / 4u];
        } else {
            total += piece_sum(p, p + PIECE, column, left);
        }
        p += PIECE;
    }
    return total + piece_sum(p, row.end, column, left);
}

fn piece_sum(begin: u32, end: u32, column: u32, left: u32) -> vec4<f32> {
    var sum = vec4<f32>();
    for (var p = begin; p < end; p++) {
        sum += term_grad(terms[p], column, left);
    }
    return sum;
}
