// `a` is stored by [k][m], so that four rows lie side by side. What lies beyond is zero in k and anything in
// m, whose sums are not stored. Examples begin at `origin`.
fn across_a(origin: u32, m: u32, k: u32) -> vec4<f32> {
    let inside = min(m, (params.m - 1u) / 4u * 4u);
    let v = load_a(origin + min(k, params.k - 1u) * params.a_stride + inside, params.m - inside);
    return select(vec4<f32>(), v, k < params.k);
}

fn block_of_a(origin: u32, m: u32, k: u32) -> Block {
    return Block(
        across_a(origin, m, k),
        across_a(origin, m, k + 1u),
        across_a(origin, m, k + 2u),
        across_a(origin, m, k + 3u),
    );
}
