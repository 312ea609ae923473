// The terms of a softmax.

const LOG2_E: f32 = 1.4426950;

// 2^x for x up to 0; 0 where that is less than 2^-100, so that what is made of it is no subnormal number,
// which some devices flush. A NaN stays one.
fn exp_2_or_zero(x: f32) -> f32 {
    let small = x < -100.0;
    return select(exp_2(select(x, 0.0, small)), 0.0, small);
}
