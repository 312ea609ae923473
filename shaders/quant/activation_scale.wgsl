// What the codes of a matrix mean: scale and zero point of its range, which is widened to hold zero, by the
// rule of PyTorch's `choose_qparams`. Values that are not finite make the scale NaN.

// The least scale, and what stands for one that is nearly none.
const LEAST_SCALE: f32 = 6.1e-5;
const NEARLY_NONE: f32 = 1.17549435e-38;
const NO_RANGE_SCALE: f32 = 0.1;

// A rounded result: compilers that take sums for those of numbers without rounding cannot see through it.
fn rounded(value: f32) -> f32 {
    return bitcast<f32>(bitcast<u32>(value) ^ params.nothing);
}

// (high - low) / levels, rounded once: what difference and quotient lose is added.
fn scale_of(low: f32, high: f32) -> f32 {
    let levels = f32(params.levels);
    let range = rounded(high - low);
    let back = rounded(range - high);
    let lost = (high - rounded(range - back)) + (-low - back);
    let quotient = rounded(range / levels);
    // quotient * levels is this product, which is exact, less the quotient
    let scaled = rounded(quotient * (levels + 1.0));
    let product = rounded(scaled - quotient);
    let rest = (range - product) - ((scaled - product) - quotient) + lost;
    return quotient + rest / levels;
}

fn is_finite(value: f32) -> bool {
    return (bitcast<u32>(value) & 0x7f800000u) != 0x7f800000u;
}

@compute @workgroup_size(WORKGROUP)
fn main(@builtin(local_invocation_index) lane: u32) {
    var range = vec2<u32>(0xffffffffu, 0u);
    for (var pair = lane; pair < params.pairs; pair += WORKGROUP) {
        range = vec2<u32>(min(range.x, keys[pair * 2u]), max(range.y, keys[pair * 2u + 1u]));
    }
    let all = joined(lane, range);
    if (lane > 0u) {
        return;
    }
    let low = keyed_float(all.x);
    let high = keyed_float(all.y);
    if (!(is_finite(low) && is_finite(high) && is_finite(high - low))) {
        quant[0] = 0x7fc00000u;
        quant[1] = 0u;
        return;
    }
    let below = min(low, 0.0);
    let raw = scale_of(below, max(high, 0.0));
    let scale = select(raw, NO_RANGE_SCALE, raw < NEARLY_NONE);
    quant[0] = bitcast<u32>(max(scale, LEAST_SCALE));
    quant[1] = u32(clamp(round(-below / scale), 0.0, f32(params.levels)));
}
