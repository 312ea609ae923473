// 16-bit floats, two a word.
alias Weight = vec2<u32>;

fn weights4(n: u32, k: u32) -> vec4<f32> {
    let words = b[(params.b_base + n * params.b_stride + k / 2u) / 2u];
    return vec4<f32>(unpack2x16float(words.x), unpack2x16float(words.y));
}
