// Frequency-aware SGD: w = keep * w - min(cap, alpha / sqrt(T p)) * g, where p is given for the row, or
// counted: its updates (or occurrences) so far divided by the number of steps
const ELEMENT_VALUES: u32 = 0u;
const ROW_VALUES: u32 = 1u;
const GRADIENT_SUM: bool = false;
const NORMS: bool = false;
const STEP_SUM: bool = false;

fn row_state(old: vec4<u32>, sums: RowSums) -> vec4<u32> {
    if (params.by_row == 0u) {
        return old;
    }
    let seen = select(1u, sums.count, params.by_row == 2u);
    // a counter that is full stays so
    return vec4<u32>(select(old.x + seen, 0xffffffffu, old.x > 0xffffffffu - seen), old.yzw);
}

fn row_scale(row: vec4<u32>, sums: RowSums) -> vec2<f32> {
    let counted = f32(row.x) / f32(params.steps);
    let p = select(counted, bitcast<f32>(row.x), params.by_row == 0u);
    let rate = params.lr / sqrt(params.horizon * p);
    // a frequency that is none has the cap
    return vec2<f32>(select(params.cap, rate, rate < params.cap), 0.0);
}

fn element_state(old: ElementState, w: vec4<f32>, g: vec4<f32>, scale: vec2<f32>) -> ElementState {
    return old;
}

fn step(w: vec4<f32>, g: vec4<f32>, s: ElementState, scale: vec2<f32>) -> vec4<f32> {
    return g * scale.x;
}
