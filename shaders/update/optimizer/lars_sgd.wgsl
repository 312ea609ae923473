// LARS: rate = lr eta |w| / (|g| + decay |w|) of the row; m = momentum m + rate (g + decay w); w -= m
const ELEMENT_VALUES: u32 = 1u;
const ROW_VALUES: u32 = 0u;
const GRADIENT_SUM: bool = false;
const NORMS: bool = true;
const STEP_SUM: bool = false;

fn row_state(old: vec4<u32>, sums: RowSums) -> vec4<u32> {
    return old;
}

fn row_scale(row: vec4<u32>, sums: RowSums) -> vec2<f32> {
    let g = sums.gradient_norm;
    let w = sums.weight_norm;
    // both multiplied by the same
    let times = min(g.times, w.times);
    let norm = w.root * (times / w.times);
    let whole = g.root * (times / g.times) + params.decay * norm;
    // a row or a gradient of zeros has no direction: the rate is lr
    let given = w.root > 0.0 && g.root > 0.0;
    return vec2<f32>(select(params.lr, params.lr * params.eta * norm / whole, given), 0.0);
}

fn element_state(old: ElementState, w: vec4<f32>, g: vec4<f32>, scale: vec2<f32>) -> ElementState {
    return ElementState(old.a * params.momentum + (g + w * params.decay) * scale.x, old.b);
}

fn step(w: vec4<f32>, g: vec4<f32>, s: ElementState, scale: vec2<f32>) -> vec4<f32> {
    return s.a;
}
