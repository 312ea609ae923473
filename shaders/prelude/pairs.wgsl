// Pairs of features in row-major order of a lower triangle: (1, 0), (2, 0), (2, 1), ... without the diagonal
// (`diagonal` 0), or (0, 0), (1, 0), (1, 1), ... with it (`diagonal` 1).
fn pair_index(i: u32, j: u32, diagonal: u32) -> u32 {
    return i * (i - 1u + 2u * diagonal) / 2u + j;
}

// The row of a lower triangle with its diagonal in which element `p` lies.
fn triangle_row(p: u32) -> u32 {
    // the root may be off by one
    var i = u32((sqrt(8.0 * f32(p) + 1.0) - 1.0) * 0.5);
    if (i * (i + 1u) / 2u > p) {
        i -= 1u;
    }
    if ((i + 1u) * (i + 2u) / 2u <= p) {
        i += 1u;
    }
    return i;
}
