// Blocks of `b` stored by [n][k].
fn block_b(n: u32, k: u32) -> Block {
    return transposed(
        along_b(n, k),
        along_b(n + 1u, k),
        along_b(n + 2u, k),
        along_b(n + 3u, k),
    );
}

// Which block of a tile a thread loads, in n and in k: neighbours read side by side.
fn place_b(thread: u32) -> vec2<u32> {
    return vec2<u32>(thread / (K_TILE / 4u), thread % (K_TILE / 4u));
}
