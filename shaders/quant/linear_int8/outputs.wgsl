// What becomes of a sum of signed codes, code - 128, times weights: it is corrected by the sum of the weights,
// and scaled; the bias is added and the activation applied.
fn output(sum: i32, n: u32, scale: f32, zero_point: i32) -> f32 {
    let channel = channels[min(n, params.n - 1u)];
    let exact = sum + (128 - zero_point) * channel.sum;
    return activated(f32(exact) * (scale * channel.scale) + channel.bias, params.activation);
}

// Up to four outputs of a row that begins at element `row`, as f32, or as codes again, four a word.
fn finish_outputs(row: u32, n: u32, sums: vec4<i32>) {
    let scale = bitcast<f32>(quant[0]);
    let zero_point = i32(quant[1]);
    let z = vec4<f32>(
        output(sums.x, n, scale, zero_point),
        output(sums.y, n + 1u, scale, zero_point),
        output(sums.z, n + 2u, scale, zero_point),
        output(sums.w, n + 3u, scale, zero_point),
    );
    if (params.coded == 1u) {
        let there = vec4<u32>(n) + vec4<u32>(0u, 1u, 2u, 3u) < vec4<u32>(params.n);
        let codes_of = codes4(z, params.out_inverse, params.out_zero_point);
        out[row + n / 4u] = packed4(select(vec4<u32>(), codes_of, there));
        return;
    }
    let count = min(params.n - n, 4u);
    for (var c = 0u; c < count; c++) {
        out[row + n + c] = bitcast<u32>(z[c]);
    }
}
