// Adagrad: s += g^2; w = keep * w - lr * g / (sqrt(s) + eps)
fn updated(q: u32, w: vec4<f32>, g: vec4<f32>) -> vec4<f32> {
    let s = state[q] + g * g;
    state[q] = s;
    return w * params.keep - g * params.lr / (sqrt(s) + params.eps);
}
