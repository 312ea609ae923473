// Adam: m += (1 - beta1) (g - m); v = beta2 v + (1 - beta2) g^2; w = keep * w - lr' m / (sqrt(v) / root' +
// eps), where lr' and root' carry the bias corrections. All m lie before all v.
fn updated(q: u32, w: vec4<f32>, g: vec4<f32>) -> vec4<f32> {
    let old = state[q];
    let m = old + (g - old) * params.one_minus_beta1;
    let v = state[params.quads + q] * params.beta2 + g * g * params.one_minus_beta2;
    state[q] = m;
    state[params.quads + q] = v;
    return w * params.keep - m * params.lr / (sqrt(v) / params.root_correction + params.eps);
}
