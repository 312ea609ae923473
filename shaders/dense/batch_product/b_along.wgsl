// `b` is stored by [n][k], so that four values of k lie side by side. What lies beyond is zero in k and repeats
// the last of the columns in n, whose sums are not stored. Examples begin at `origin`.
fn along_b(origin: u32, n: u32, k: u32) -> vec4<f32> {
    let inside = min(k, params.k - 1u);
    let v = load_b(origin + min(n, params.n - 1u) * params.b_stride + inside, params.k - inside);
    return select(vec4<f32>(), v, vec4<u32>(k) + vec4<u32>(0u, 1u, 2u, 3u) < vec4<u32>(params.k));
}

fn block_of_b(origin: u32, n: u32, k: u32) -> Block {
    return transposed(
        along_b(origin, n, k),
        along_b(origin, n + 1u, k),
        along_b(origin, n + 2u, k),
        along_b(origin, n + 3u, k),
    );
}
