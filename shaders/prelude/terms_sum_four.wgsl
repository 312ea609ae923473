// The sum of a row's terms, four of them on their way at a time.
fn terms_sum(row: Row, column: u32) -> vec4<f32> {
    let left = row.dim - column;
    var summed = Summed(row.begin, vec4<f32>(), vec4<f32>());
    while (summed.p < row.end) {
        if (is_summed_ahead(row, summed.p)) {
            summed = with_piece_ahead(row, summed, column);
            continue;
        }
        let end = min(summed.p + PIECE, row.end);
        var sum = vec4<f32>();
        for (var p = summed.p; p < end; p += 4u) {
            // those beyond the last repeat it, and are left out
            let q = min(p + vec4<u32>(0u, 1u, 2u, 3u), vec4<u32>(end - 1u));
            let at = vec4<u32>(terms[q.x].x, terms[q.y].x, terms[q.z].x, terms[q.w].x) + column;
            let factor = vec4<u32>(terms[q.x].y, terms[q.y].y, terms[q.z].y, terms[q.w].y);
            let a = load_grad(at.x, left);
            let b = load_grad(at.y, left);
            let c = load_grad(at.z, left);
            let d = load_grad(at.w, left);
            sum += weighted(a, factor.x);
            sum = select(sum, sum + weighted(b, factor.y), p + 1u < end);
            sum = select(sum, sum + weighted(c, factor.z), p + 2u < end);
            sum = select(sum, sum + weighted(d, factor.w), p + 3u < end);
        }
        summed = with_piece(row, summed, sum, end);
    }
    return summed.total;
}
