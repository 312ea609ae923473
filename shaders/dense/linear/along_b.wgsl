// `b` is stored by [n][k], so that four values of k lie side by side. What lies beyond the matrix is zero in
// k (the other operand may hold anything there) and repeats the last of the columns in n (its sums are not
// stored).
fn along_b(n: u32, k: u32) -> vec4<f32> {
    let inside = min(k, params.k - 1u);
    let v = weights4(min(n, params.n - 1u), inside);
    return select(vec4<f32>(), v, vec4<u32>(k) + vec4<u32>(0u, 1u, 2u, 3u) < vec4<u32>(params.k));
}
