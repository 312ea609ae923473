// `b` is stored by [k][n], so that four columns lie side by side. What lies beyond the matrix is zero in k
// (the other operand may hold anything there) and anything in n (its sums are not stored).
fn across_b(n: u32, k: u32) -> vec4<f32> {
    let inside = min(n, (params.n - 1u) / 4u * 4u);
    let v = load_b(params.b_base + min(k, params.k - 1u) * params.b_stride + inside, params.n - inside);
    return select(vec4<f32>(), v, k < params.k);
}

fn block_b(n: u32, k: u32) -> Block {
    return Block(
        across_b(n, k),
        across_b(n, k + 1u),
        across_b(n, k + 2u),
        across_b(n, k + 3u),
    );
}
