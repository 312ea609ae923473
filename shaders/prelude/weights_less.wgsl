// The step is taken from the weights.
fn new_weights(w: vec4<f32>, step: vec4<f32>) -> vec4<f32> {
    return w * params.keep - step;
}
