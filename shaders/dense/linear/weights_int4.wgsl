// Signed codes of 4 bits, eight a word; behind those of a row the scales of its groups.
alias Weight = u32;

fn weights4(n: u32, k: u32) -> vec4<f32> {
    let row = params.b_base + n * params.b_stride;
    let word = b[row + k / 8u] >> (k % 8u * 4u);
    let codes = vec4<i32>(vec4<u32>(word << 28u, word << 24u, word << 20u, word << 16u)) >> vec4<u32>(28u);
    return vec4<f32>(codes) * bitcast<f32>(b[row + params.scales + (k >> params.group_shift)]);
}
