// Adam: m = beta1 m + (1 - beta1) g; v = beta2 v + (1 - beta2) g^2; w = keep * w - lr mhat / (sqrt(vhat) +
// eps). Bias is corrected by the row's own number of updates.
const ELEMENT_VALUES: u32 = 2u;
const ROW_VALUES: u32 = 1u;
const GRADIENT_SUM: bool = false;
const NORMS: bool = false;
const STEP_SUM: bool = false;

fn row_state(old: vec4<u32>, sums: RowSums) -> vec4<u32> {
    // a counter that is full stays so
    return vec4<u32>(select(old.x + 1u, old.x, old.x == 0xffffffffu), old.yzw);
}

fn row_scale(row: vec4<u32>, sums: RowSums) -> vec2<f32> {
    let first = one_minus_power(params.one_minus_beta1, row.x);
    let second = one_minus_power(params.one_minus_beta2, row.x);
    return vec2<f32>(params.lr / first, 1.0 / sqrt(second));
}

fn element_state(old: ElementState, w: vec4<f32>, g: vec4<f32>, scale: vec2<f32>) -> ElementState {
    return ElementState(
        old.a * params.beta1 + g * params.one_minus_beta1,
        old.b * params.beta2 + g * g * params.one_minus_beta2,
    );
}

fn step(w: vec4<f32>, g: vec4<f32>, s: ElementState, scale: vec2<f32>) -> vec4<f32> {
    let eps = select(params.eps, params.eps * scale.y, params.uncorrected_eps == 1u);
    return s.a * scale.x / (sqrt(s.b) * scale.y + eps);
}
