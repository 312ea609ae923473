// Blocks of `a` stored by [m][k].
fn block_a(m: u32, k: u32) -> Block {
    return transposed(
        along_a(m, k),
        along_a(m + 1u, k),
        along_a(m + 2u, k),
        along_a(m + 3u, k),
    );
}

// Which block of a tile a thread loads, in m and in k: neighbours read side by side.
fn place_a(thread: u32) -> vec2<u32> {
    return vec2<u32>(thread / (K_TILE / 4u), thread % (K_TILE / 4u));
}
