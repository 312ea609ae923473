// The sum of a row's terms, four columns at a time; pieces and groups of long rows may have been summed
// ahead.

// How far a sum has come: the next term, the groups so far and the present group.
struct Summed {
    p: u32,
    total: vec4<f32>,
    group: vec4<f32>,
}

// With what was summed from p to before `next`.
fn with_piece(row: Row, before: Summed, sum: vec4<f32>, next: u32) -> Summed {
    let group = before.group + sum;
    if ((next - row.begin) % GROUP == 0u || next >= row.end) {
        return Summed(next, before.total + group, vec4<f32>());
    }
    return Summed(next, before.total, group);
}

fn is_summed_ahead(row: Row, p: u32) -> bool {
    return params.split == 1u && p + PIECE < row.end;
}

fn with_piece_ahead(row: Row, before: Summed, column: u32) -> Summed {
    let p = before.p;
    let is_group = (p - row.begin) % GROUP == 0u && p + GROUP < row.end;
    let sum = partials[(p / PIECE) * params.stride + column / 4u];
    return with_piece(row, before, sum, p + select(PIECE, GROUP, is_group));
}

// One term after the other: little code, which drivers inline everywhere it is called from.
fn terms_sum_again(row: Row, column: u32) -> vec4<f32> {
    var summed = Summed(row.begin, vec4<f32>(), vec4<f32>());
    while (summed.p < row.end) {
        if (is_summed_ahead(row, summed.p)) {
            summed = with_piece_ahead(row, summed, column);
            continue;
        }
        let end = min(summed.p + PIECE, row.end);
        var sum = vec4<f32>();
        for (var p = summed.p; p < end; p++) {
            sum += term_grad(terms[p], column, row.dim - column);
        }
        summed = with_piece(row, summed, sum, end);
    }
    return summed.total;
}
