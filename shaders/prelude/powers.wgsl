// Powers made of products and sums alone, so that every device and the twin get the same bits.

// base^n
fn power(base: f32, n: u32) -> f32 {
    var result = 1.0;
    var square = base;
    for (var left = n; left > 0u; left >>= 1u) {
        if ((left & 1u) == 1u) {
            result *= square;
        }
        square *= square;
    }
    return result;
}

// 1 - (1 - q)^n for a small q and n > 0: never the difference of two numbers near one.
fn one_minus_power(q: f32, n: u32) -> f32 {
    var result = 0.0;
    for (var bit = 32u - countLeadingZeros(n); bit > 0u; bit--) {
        result = result * (2.0 - result);
        if (((n >> (bit - 1u)) & 1u) == 1u) {
            result = result + (1.0 - result) * q;
        }
    }
    return result;
}

// The logarithm to base 2 of a normal number above 0.
fn log_2(x: f32) -> f32 {
    let bits = bitcast<u32>(x);
    // a mantissa from about 0.7 to 1.4, so that the series is short
    let shifted = bits - 0x3f3504f3u;
    let exponent = bitcast<i32>(shifted) >> 23u;
    let mantissa = bitcast<f32>(bits - (bitcast<u32>(exponent) << 23u));
    // 2 / ln 2 * atanh(t)
    let t = (mantissa - 1.0) / (mantissa + 1.0);
    let q = t * t;
    let series = (((0.32059890 * q + 0.41219858) * q + 0.57707802) * q + 0.96179669) * q + 2.8853901;
    return f32(exponent) + t * series;
}

// 2^x for x from -126 to 127.
fn exp_2(x: f32) -> f32 {
    let whole = floor(x + 0.5);
    // ln 2 to the powers of the series
    let f = (x - whole) * 0.69314718;
    let series = (((((0.0013888889 * f + 0.0083333333) * f + 0.041666667) * f + 0.16666667) * f + 0.5) * f + 1.0) * f + 1.0;
    return series * bitcast<f32>(u32(i32(whole) + 127) << 23u);
}
