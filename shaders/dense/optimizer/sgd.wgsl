// SGD: w = keep * w - lr * g
fn updated(q: u32, w: vec4<f32>, g: vec4<f32>) -> vec4<f32> {
    return w * params.keep - g * params.lr;
}
