// 16-bit floats that the device reads itself.
alias Weight = vec4<f16>;

fn weights4(n: u32, k: u32) -> vec4<f32> {
    return vec4<f32>(b[(params.b_base + n * params.b_stride + k / 2u) / 2u]);
}
