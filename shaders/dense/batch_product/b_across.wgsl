// `b` is stored by [k][n], so that four columns lie side by side. What lies beyond is zero in k and anything in n,
// whose sums are not stored. Examples begin at `origin`.
fn across_b(origin: u32, n: u32, k: u32) -> vec4<f32> {
    let v = load_b(origin + min(k, params.k - 1u) * params.b_stride + n, params.n - n);
    return select(vec4<f32>(), v, k < params.k);
}

fn block_b(origin: u32, n: u32, k: u32) -> Block {
    return Block(
        across_b(origin, n, k),
        across_b(origin, n, k + 1u),
        across_b(origin, n, k + 2u),
        across_b(origin, n, k + 3u),
    );
}
