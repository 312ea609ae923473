// `b` is stored by [n][k], so that four values of k lie side by side. What lies beyond the matrix is zero in
// k (the other operand may hold anything there) and repeats the last of the columns in n (its sums are not
// stored).
fn along_b(n: u32, k: u32) -> vec4<f32> {
    let inside = min(k, params.k - 1u);
    let v = weights4(min(n, params.n - 1u), inside);
    return select(vec4<f32>(), v, vec4<u32>(k) + vec4<u32>(0u, 1u, 2u, 3u) < vec4<u32>(params.k));
}

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
