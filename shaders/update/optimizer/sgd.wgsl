// SGD: w = keep * w - lr * g
const ELEMENT_VALUES: u32 = 0u;
const ROW_VALUES: u32 = 0u;
const GRADIENT_SUM: bool = false;
const NORMS: bool = false;
const STEP_SUM: bool = false;

fn row_state(old: vec4<u32>, sums: RowSums) -> vec4<u32> {
    return old;
}

fn row_scale(row: vec4<u32>, sums: RowSums) -> vec2<f32> {
    return vec2<f32>();
}

fn element_state(old: ElementState, w: vec4<f32>, g: vec4<f32>, scale: vec2<f32>) -> ElementState {
    return old;
}

fn step(w: vec4<f32>, g: vec4<f32>, s: ElementState, scale: vec2<f32>) -> vec4<f32> {
    return g * params.lr;
}
