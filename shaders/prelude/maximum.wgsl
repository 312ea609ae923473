// Maxima as torch makes them: a bag's first value is taken as it is, another one where it is larger; so a NaN
// counts only where it comes first.
fn lowest() -> vec4<f32> {
    // not a constant: those must be finite
    var infinity = 0xff800000u;
    return bitcast<vec4<f32>>(vec4<u32>(infinity));
}

fn is_nan(v: vec4<f32>) -> vec4<bool> {
    return (bitcast<vec4<u32>>(v) & vec4<u32>(0x7fffffffu)) > vec4<u32>(0x7f800000u);
}

fn larger(best: vec4<f32>, value: vec4<f32>, first: bool) -> vec4<f32> {
    // comparisons with a NaN are not left to the device
    let takes = (value > best) & !is_nan(value) & !is_nan(best);
    return select(best, value, takes | vec4<bool>(first));
}

// What two windows have found; a NaN there was a bag's first value.
fn merged(old: vec4<f32>, new_best: vec4<f32>) -> vec4<f32> {
    let takes = is_nan(new_best) | ((new_best > old) & !is_nan(old));
    return select(old, new_best, takes);
}
