// LAMB: moments as Adam's; u = mhat / (sqrt(vhat) + eps) + decay w; w -= lr |w| / |u| u, norms over the row
const ELEMENT_VALUES: u32 = 2u;
const ROW_VALUES: u32 = 0u;
const GRADIENT_SUM: bool = false;
const NORMS: bool = false;
const STEP_SUM: bool = true;

fn row_state(old: vec4<u32>, sums: RowSums) -> vec4<u32> {
    return old;
}

fn row_scale(row: vec4<u32>, sums: RowSums) -> vec2<f32> {
    return vec2<f32>(params.correction1, params.correction2);
}

fn element_state(old: ElementState, w: vec4<f32>, g: vec4<f32>, scale: vec2<f32>) -> ElementState {
    return ElementState(
        old.a * params.beta1 + g * params.one_minus_beta1,
        old.b * params.beta2 + g * g * params.one_minus_beta2,
    );
}

fn step(w: vec4<f32>, g: vec4<f32>, s: ElementState, scale: vec2<f32>) -> vec4<f32> {
    return s.a * scale.x / (sqrt(s.b) * scale.y + params.eps) + w * params.decay;
}
