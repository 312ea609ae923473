// FTRL-proximal: n' = n + g^2; z' = z + g - (sqrt(n') - sqrt(n)) / alpha w;
// w = 0 where |z'| <= l1, else (sign(z') l1 - z') / ((beta + sqrt(n')) / alpha + l2)
const ELEMENT_VALUES: u32 = 2u;
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
    let n = old.b + g * g;
    let sigma = (sqrt(n) - sqrt(old.b)) / params.lr;
    return ElementState(old.a + g - sigma * w, n);
}

fn step(w: vec4<f32>, g: vec4<f32>, s: ElementState, scale: vec2<f32>) -> vec4<f32> {
    let z = s.a;
    // no negation of the quotient, which drivers move about, and the sign of a NaN with it
    let beyond = select(vec4<f32>(-params.l1), vec4<f32>(params.l1), z > vec4<f32>()) - z;
    let rate = (params.eps + sqrt(s.b)) / params.lr + params.decay;
    // a comparison with a NaN is false, and the NaN stays
    return select(beyond / rate, vec4<f32>(), abs(z) <= vec4<f32>(params.l1));
}
