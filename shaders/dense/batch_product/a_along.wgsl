// `a` is stored by [m][k], so that four values of k lie side by side. What lies beyond is zero in k and repeats
// the last of the rows in m, whose sums are not stored. Examples begin at `origin`.
fn along_a(origin: u32, m: u32, k: u32) -> vec4<f32> {
    let inside = min(k, params.k - 1u);
    let v = load_a(origin + min(m, params.m - 1u) * params.a_stride + inside, params.k - inside);
    return select(vec4<f32>(), v, vec4<u32>(k) + vec4<u32>(0u, 1u, 2u, 3u) < vec4<u32>(params.k));
}

fn block_of_a(origin: u32, m: u32, k: u32) -> Block {
    return transposed(
        along_a(origin, m, k),
        along_a(origin, m + 1u, k),
        along_a(origin, m + 2u, k),
        along_a(origin, m + 3u, k),
    );
}
