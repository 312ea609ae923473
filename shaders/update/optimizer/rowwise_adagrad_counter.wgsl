// Row-wise Adagrad with a counter: the rate of rows that are seen more or less often than others is adjusted.
// The words of a row: sum of mean squares, counter, step of the last update.
const COUNT_PRESENCE: u32 = 0u;
const COUNT_UPDATES: u32 = 1u;
const ADJUST_INCREASE: u32 = 1u;
const ADJUST_COUNTER_SGD: u32 = 3u;

const ELEMENT_VALUES: u32 = 0u;
const ROW_VALUES: u32 = 3u;
const GRADIENT_SUM: bool = true;
const NORMS: bool = false;
const STEP_SUM: bool = false;

fn row_state(old: vec4<u32>, sums: RowSums) -> vec4<u32> {
    let sum = bitcast<f32>(old.x) + sums.gradient / sums.dim;
    var counter = bitcast<f32>(old.y);
    if (params.counting == COUNT_PRESENCE) {
        counter = 1.0;
    } else if (params.counting == COUNT_UPDATES) {
        counter += 1.0;
    } else {
        let idle = select(params.steps - old.z, 1u, old.z == 0u);
        counter = 1.0 + power(params.forget, idle) * counter;
    }
    return vec4<u32>(bitcast<u32>(sum), bitcast<u32>(counter), params.steps, old.w);
}

fn row_scale(row: vec4<u32>, sums: RowSums) -> vec2<f32> {
    let counter = bitcast<f32>(row.y);
    let rate = params.lr / (sqrt(bitcast<f32>(row.x)) + params.eps);
    if (params.adjusting == 0u || counter <= params.tail) {
        return vec2<f32>(rate, 0.0);
    }
    if (params.adjusting == ADJUST_COUNTER_SGD) {
        return vec2<f32>(params.lr / (sqrt(params.exponent * counter) + params.eps), 0.0);
    }
    let ratio = exp_2(clamp(params.exponent * log_2((counter + 1.0) / params.most), -120.0, 120.0));
    if (params.adjusting == ADJUST_INCREASE) {
        return vec2<f32>(rate * clamp(1.0 / ratio, 1.0, 10.0), 0.0);
    }
    return vec2<f32>(rate * clamp(ratio, 0.1, 1.0), 0.0);
}

fn element_state(old: ElementState, w: vec4<f32>, g: vec4<f32>, scale: vec2<f32>) -> ElementState {
    return old;
}

fn step(w: vec4<f32>, g: vec4<f32>, s: ElementState, scale: vec2<f32>) -> vec4<f32> {
    return g * scale.x;
}
