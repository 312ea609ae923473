// SGD: w = keep * w - lr * g
const ROW_SUM: bool = false;

fn row_term(g: vec4<f32>) -> vec4<f32> {
    return vec4<f32>();
}

fn row_state(old: f32, sum: f32, dim: f32) -> f32 {
    return old;
}

fn row_scale(s: f32) -> f32 {
    return 0.0;
}

fn element_state(old: vec4<f32>, g: vec4<f32>) -> vec4<f32> {
    return old;
}

fn updated(w: vec4<f32>, g: vec4<f32>, s: vec4<f32>, scale: f32) -> vec4<f32> {
    return w * params.keep - g * params.lr;
}
