// Words whose order is that of the floats, infinities and NaN at the ends: no device loses one of them.
fn float_key(value: f32) -> u32 {
    let bits = bitcast<u32>(value);
    return select(bits | 0x80000000u, ~bits, bits >= 0x80000000u);
}

fn keyed_float(key: u32) -> f32 {
    return bitcast<f32>(select(~key, key & 0x7fffffffu, key >= 0x80000000u));
}

var<workgroup> lows: array<u32, WORKGROUP>;
var<workgroup> highs: array<u32, WORKGROUP>;

// The smallest of all lanes' first keys and the largest of their second ones, for lane 0.
fn joined(lane: u32, range: vec2<u32>) -> vec2<u32> {
    lows[lane] = range.x;
    highs[lane] = range.y;
    for (var half = WORKGROUP / 2u; half > 0u; half /= 2u) {
        workgroupBarrier();
        if (lane < half) {
            lows[lane] = min(lows[lane], lows[lane + half]);
            highs[lane] = max(highs[lane], highs[lane + half]);
        }
    }
    return vec2<u32>(lows[lane], highs[lane]);
}
