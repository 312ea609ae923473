// Row-wise Adagrad: s += mean(g^2) over the row; w = keep * w - lr / (sqrt(s) + eps) * g
const ROW_SUM: bool = true;

fn row_term(g: vec4<f32>) -> vec4<f32> {
    return g * g;
}

fn row_state(old: f32, sum: f32, dim: f32) -> f32 {
    return old + sum / dim;
}

fn row_scale(s: f32) -> f32 {
    return params.lr / (sqrt(s) + params.eps);
}

fn element_state(old: vec4<f32>, g: vec4<f32>) -> vec4<f32> {
    return old;
}

fn updated(w: vec4<f32>, g: vec4<f32>, s: vec4<f32>, scale: f32) -> vec4<f32> {
    return w * params.keep - g * scale;
}
