// Row-wise Adagrad: s += mean(g^2) over the row; w = keep * w - lr / (sqrt(s) + eps) * g
const ELEMENT_VALUES: u32 = 0u;
const ROW_VALUES: u32 = 1u;
const GRADIENT_SUM: bool = true;
const NORMS: bool = false;
const STEP_SUM: bool = false;

fn row_state(old: vec4<u32>, sums: RowSums) -> vec4<u32> {
    return vec4<u32>(bitcast<u32>(bitcast<f32>(old.x) + sums.gradient / sums.dim), old.yzw);
}

fn row_scale(row: vec4<u32>, sums: RowSums) -> vec2<f32> {
    return vec2<f32>(params.lr / (sqrt(bitcast<f32>(row.x)) + params.eps), 0.0);
}

fn element_state(old: ElementState, w: vec4<f32>, g: vec4<f32>, scale: vec2<f32>) -> ElementState {
    return old;
}

fn step(w: vec4<f32>, g: vec4<f32>, s: ElementState, scale: vec2<f32>) -> vec4<f32> {
    return g * scale.x;
}
