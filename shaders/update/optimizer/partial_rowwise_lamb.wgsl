// LAMB with one second moment for a row: v = beta2 v + (1 - beta2) mean(g^2)
const ELEMENT_VALUES: u32 = 1u;
const ROW_VALUES: u32 = 1u;
const GRADIENT_SUM: bool = true;
const NORMS: bool = false;
const STEP_SUM: bool = true;

fn row_state(old: vec4<u32>, sums: RowSums) -> vec4<u32> {
    let v = bitcast<f32>(old.x) * params.beta2 + sums.gradient / sums.dim * params.one_minus_beta2;
    return vec4<u32>(bitcast<u32>(v), old.yzw);
}

fn row_scale(row: vec4<u32>, sums: RowSums) -> vec2<f32> {
    return vec2<f32>(params.correction1, sqrt(bitcast<f32>(row.x)) * params.correction2 + params.eps);
}

fn element_state(old: ElementState, w: vec4<f32>, g: vec4<f32>, scale: vec2<f32>) -> ElementState {
    return ElementState(old.a * params.beta1 + g * params.one_minus_beta1, old.b);
}

fn step(w: vec4<f32>, g: vec4<f32>, s: ElementState, scale: vec2<f32>) -> vec4<f32> {
    return s.a * scale.x / scale.y + w * params.decay;
}
