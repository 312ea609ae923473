// The sum of a row's terms, sixteen columns at a time; pieces and groups of long rows may have been summed
// ahead.
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
    var group: Block;
    // a single loop: drivers inline this several times
    var p = row.begin;
    while (p < row.end) {
        var sum: Block;
        if (params.split == 1u && p + PIECE < row.end) {
            let at = (p / PIECE) * params.stride + column / 4u;
            sum.a = partials[at];
            if (more(left, 4u)) {
                sum.b = partials[at + 1u];
            }
            if (more(left, 8u)) {
                sum.c = partials[at + 2u];
            }
            if (more(left, 12u)) {
                sum.d = partials[at + 3u];
            }
            p += select(PIECE, GROUP, (p - row.begin) % GROUP == 0u && p + GROUP < row.end);
        } else {
            let end = min(p + PIECE, row.end);
            while (p < end) {
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
        }
        group.a += sum.a;
        group.b += sum.b;
        group.c += sum.c;
        group.d += sum.d;
        if ((p - row.begin) % GROUP == 0u || p >= row.end) {
            total.a += group.a;
            total.b += group.b;
            total.c += group.c;
            total.d += group.d;
            group = Block();
        }
    }
    return total;
}
