// `b` is stored by [k][n], so that four columns lie side by side. What lies beyond is zero in k and anything in
// n, whose sums are not stored. Examples begin at `origin`.
fn across_b(origin: u32, n: u32, k: u32) -> vec4<f32> {
    let inside = min(n, (params.n - 1u) / 4u * 4u);
    let v = load_b(origin + min(k, params.k - 1u) * params.b_stride + inside, params.n - inside);
    return select(vec4<f32>(), v, k < params.k);
}

fn block_of_b(origin: u32, n: u32, k: u32) -> Block {
    return Block(
        across_b(origin, n, k),
        across_b(origin, n, k + 1u),
        across_b(origin, n, k + 2u),
        across_b(origin, n, k + 3u),
    );
}
