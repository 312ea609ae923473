// How a row's values become codes: FBGEMM's arithmetic, which rounds scale and bias of 4 and 2 bits to 16
// bits before the values are divided.
struct Scale {
    scale: f32,
    bias: f32,
    inverse: f32,
    // the largest code
    top: f32,
}

fn to_half(value: f32) -> f32 {
    return unpack2x16float(nearest(value, TYPE_F16)).x;
}

fn scale_of(low: f32, high: f32) -> Scale {
    if (params.out_type == TYPE_INT8) {
        let range = high - low;
        return Scale(divide(range, 255.0), low, divide(255.0, range + 1e-8), 255.0);
    }
    let top = select(3.0, 15.0, params.out_type == TYPE_INT4);
    let bias = to_half(low);
    let range = high - bias;
    var scale = 1.0;
    if (range != 0.0) {
        scale = to_half(divide(range, top));
    }
    // where the range is nothing in 16 bits
    if (scale == 0.0) {
        scale = 1.0;
    }
    return Scale(scale, bias, divide(1.0, scale), top);
}

fn codes_of(value: vec4<f32>, s: Scale) -> vec4<f32> {
    return max(min(round((value - s.bias) * s.inverse), vec4<f32>(s.top)), vec4<f32>());
}

// The bits of floats in the order of their values, -0 below +0; its own inverse.
fn ordered(bits: i32) -> i32 {
    return bits ^ ((bits >> 31u) & 0x7fffffff);
}

// Which of four columns are left.
fn columns_left(left: u32) -> vec4<bool> {
    return vec4<u32>(0u, 1u, 2u, 3u) < vec4<u32>(left);
}

// The squares of what four values lose.
fn squared_loss(value: vec4<f32>, left: u32, s: Scale) -> vec4<f32> {
    let error = (s.scale * codes_of(value, s) + s.bias) - value;
    return select(vec4<f32>(), error * error, columns_left(left));
}

// The smallest and the largest of four values and those before, in the order of their bits.
fn widened(range: vec2<i32>, value: vec4<f32>, left: u32) -> vec2<i32> {
    let bits = bitcast<vec4<i32>>(value);
    let order = bits ^ ((bits >> vec4<u32>(31u)) & vec4<i32>(0x7fffffff));
    let there = columns_left(left);
    let low = select(vec4<i32>(0x7fffffff), order, there);
    let high = select(vec4<i32>(-0x7fffffff - 1), order, there);
    return vec2<i32>(
        min(range.x, min(min(low.x, low.y), min(low.z, low.w))),
        max(range.y, max(max(high.x, high.y), max(high.z, high.w))),
    );
}

const NO_RANGE: vec2<i32> = vec2<i32>(0x7fffffff, -0x7fffffff - 1);

fn range_of(order: vec2<i32>) -> vec2<f32> {
    return vec2<f32>(bitcast<f32>(ordered(order.x)), bitcast<f32>(ordered(order.y)));
}

// A word of a row's values behind its header: the columns that share it.
fn word_of(source: u32, word: u32, s: Scale) -> u32 {
    if (params.out_type == TYPE_F32) {
        // columns are read from even ones on
        let pair = load_rows(source, word & ~1u, params.dim - (word & ~1u));
        return bitcast<u32>(select(pair.x, pair.y, word % 2u == 1u));
    }
    if (params.out_type == TYPE_F16 || params.out_type == TYPE_BF16) {
        let value = load_rows(source, word * 2u, params.dim - word * 2u);
        let second = select(0u, nearest(value.y, params.out_type), word * 2u + 1u < params.dim);
        return nearest(value.x, params.out_type) | (second << 16u);
    }
    let bits = select(select(2u, 4u, params.out_type == TYPE_INT4), 8u, params.out_type == TYPE_INT8);
    let first = word * (32u / bits);
    var packed = 0u;
    for (var column = first; column < min(first + 32u / bits, params.dim); column += 4u) {
        let left = params.dim - column;
        let codes = codes_of(load_rows(source, column, left), s);
        let placed = select(vec4<u32>(), vec4<u32>(codes), columns_left(left)) << (vec4<u32>(0u, 1u, 2u, 3u) * bits);
        packed |= (placed.x | placed.y | placed.z | placed.w) << ((column - first) * bits);
    }
    return packed;
}

// Words of a row of codes before the first of them, and words of values.
fn header_words() -> u32 {
    if (params.out_type == TYPE_INT8) {
        return 2u;
    }
    return select(0u, 1u, params.out_type == TYPE_INT4 || params.out_type == TYPE_INT2);
}

fn store_header(row: u32, s: Scale) {
    if (params.out_type == TYPE_INT8) {
        out[row] = bitcast<u32>(s.scale);
        out[row + 1u] = bitcast<u32>(s.bias);
    } else {
        out[row] = nearest(s.scale, TYPE_F16) | (nearest(s.bias, TYPE_F16) << 16u);
    }
}
