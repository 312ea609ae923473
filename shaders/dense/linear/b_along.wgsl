// Blocks of `b` stored by [n][k].
fn block_b(n: u32, k: u32) -> Block {
    return transposed(
        along_b(n, k),
        along_b(n + 1u, k),
        along_b(n + 2u, k),
        along_b(n + 3u, k),
    );
}
