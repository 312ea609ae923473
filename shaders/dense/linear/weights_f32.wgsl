// Four weights of output `n` from `k` on, or as many as there are.
fn weights4(n: u32, k: u32) -> vec4<f32> {
    return load_b(params.b_base + n * params.b_stride + k, params.k - k);
}
