// Signed codes of 8 bits, four a word; behind those of a row the scales of its groups.
alias Weight = u32;

fn weights4(n: u32, k: u32) -> vec4<f32> {
    let row = params.b_base + n * params.b_stride;
    let word = b[row + k / 4u];
    let codes = vec4<i32>(vec4<u32>(word << 24u, word << 16u, word << 8u, word)) >> vec4<u32>(24u);
    return vec4<f32>(codes) * bitcast<f32>(b[row + params.scales + (k >> params.group_shift)]);
}
