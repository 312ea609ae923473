// Blocks of `a` stored by [m][k].
fn block_a(m: u32, k: u32) -> Block {
    return transposed(
        along_a(m, k),
        along_a(m + 1u, k),
        along_a(m + 2u, k),
        along_a(m + 3u, k),
    );
}
