// The sum of a row's terms, sixteen columns at a time; pieces of long rows may have been summed ahead.
struct Block {
    a: vec4<f32>,
    b: vec4<f32>,
    c: vec4<f32>,
    d: vec4<f32>,
}

// Sixteen columns of the sum of a row's terms.
fn block_sum(row: Row, column: u32) -> Block {
    let left = row.dim - column;
    var total: Block;
    var p = row.begin;
    if (params.split == 1u) {
        // all pieces but the last have been summed
        let last = row.begin + (row.end - 1u - row.begin) / PIECE * PIECE;
        while (p < last) {
            let at = (p / PIECE) * params.stride + column / 4u;
            total.a += partials[at];
            if (more(left, 4u)) {
                total.b += partials[at + 1u];
            }
            if (more(left, 8u)) {
                total.c += partials[at + 2u];
            }
            if (more(left, 12u)) {
                total.d += partials[at + 3u];
            }
            p += PIECE;
        }
    }
    while (p < row.end) {
        let stop = min(p + PIECE, row.end);
        var sum: Block;
        while (p < stop) {
            let term = terms[p];
            sum.a += term_grad(term, column, left);
            if (more(left, 4u)) {
                sum.b += term_grad(term, column + 4u, left - 4u);
            }
            if (more(left, 8u)) {
                sum.c += term_grad(term, column + 8u, left - 8u);
            }
            if (more(left, 12u)) {
                sum.d += term_grad(term, column + 12u, left - 12u);
            }
            p += 1u;
        }
        total.a += sum.a;
        total.b += sum.b;
        total.c += sum.c;
        total.d += sum.d;
    }
    return total;
}
