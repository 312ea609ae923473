// `a` is stored by [k][m], so that four rows lie side by side. What lies beyond the matrix is zero in k (the
// other operand may hold anything there) and anything in m (its sums are not stored).
fn across_a(m: u32, k: u32) -> vec4<f32> {
    let inside = min(m, (params.m - 1u) / 4u * 4u);
    let v = load_a(params.a_base + min(k, params.k - 1u) * params.a_stride + inside, params.m - inside);
    return select(vec4<f32>(), v, k < params.k);
}

fn block_a(m: u32, k: u32) -> Block {
    return Block(
        across_a(m, k),
        across_a(m, k + 1u),
        across_a(m, k + 2u),
        across_a(m, k + 3u),
    );
}
