// out[m][n] = activation(sum over k of a(m, k) * b(k, n) + bias[n]), or added to what `out` holds, before the
// activation or after it. Column n lies at element `at`.
fn finish(at: u32, n: u32, sum: f32) {
    if (n >= params.n) {
        return;
    }
    var z = sum;
    if (params.biased == 1u) {
        z += bias[params.bias_base + n];
    }
    if (params.accumulate == 2u) {
        z += out[at];
    }
    var value = activated(z, params.activation);
    if (params.accumulate == 1u) {
        value = out[at] + value;
    }
    out[at] = value;
}
