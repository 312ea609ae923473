// A row that is updated: where its terms, its columns and its state lie.
struct Row {
    // its sorted positions
    begin: u32,
    end: u32,
    // element of the first column in the window, and word of the state
    e: u32,
    at: u32,
    // words of a block of state
    block: u32,
    dim: u32,
    // the seed of its random numbers, and the number of its first column
    random: u32,
    column_first: u32,
}

// What optimizers ask for of a row: the sum of the squares of the gradient, or the norms of gradient and
// weights.
struct RowSums {
    gradient: f32,
    gradient_norm: Norm,
    weight_norm: Norm,
    dim: f32,
    // occurrences in the batch
    count: u32,
}

fn row_of(begin: u32, end: u32, key: u32, part: Part) -> Row {
    let row = key - part.key_first;
    let block = select(part.dim, (part.dim + 1u) / 2u, params.state_type != TYPE_F32);
    let random = mix(mix(part.random) ^ (part.row_first + row * part.row_step));
    let e = part.base + row * part.stride;
    let at = part.state_base + row * part.state_stride;
    return Row(begin, end, e, at, block, part.dim, random, part.column_first);
}

// One past the last position of the segment that begins at i. Most are short; the end of a long one is
// searched for.
fn segment_end(i: u32, key: u32) -> u32 {
    var low = i + 1u;
    while (low < params.len && low <= i + PIECE) {
        if (keys[low] != key) {
            return low;
        }
        low += 1u;
    }
    var high = params.len;
    while (low < high) {
        let middle = low + (high - low) / 2u;
        if (keys[middle] == key) {
            low = middle + 1u;
        } else {
            high = middle;
        }
    }
    return low;
}

// How often the row was there: its terms, unless they were summed before. Then the numbers lie behind the
// keys.
fn occurrences(row: Row) -> u32 {
    if (params.counted == 1u) {
        return keys[params.len + row.begin];
    }
    return row.end - row.begin;
}

// Whether the norms of gradient and row are asked for before anything else.
fn clips_norms() -> bool {
    return params.clip_norm > 0.0 || params.cow_ratio > 0.0;
}

// What a row's gradient is multiplied by, one after the other: one factor alone could be too small for a
// float.
fn gradient_factor(gradient: Norm, weight: Norm, count: u32) -> vec2<f32> {
    var factor = vec2<f32>(1.0, 1.0);
    if (params.by_frequency == 1u) {
        factor.y = 1.0 / f32(count);
    }
    var norm = Norm(gradient.root * factor.y, gradient.times);
    if (params.clip_norm > 0.0 && norm.root > params.clip_norm * norm.times) {
        factor = vec2<f32>(norm.times, factor.y * (params.clip_norm / norm.root));
        norm = Norm(params.clip_norm, 1.0);
    }
    if (params.cow_ratio > 0.0) {
        let own = params.cow_ratio * weight.root / weight.times;
        let limit = f32(count) * select(params.cow_floor, own, own > params.cow_floor);
        if (norm.root > limit * norm.times) {
            factor *= vec2<f32>(norm.times, limit / norm.root);
        }
    }
    return factor;
}

// What a new row is multiplied by, one after the other.
fn norm_factor(norm: Norm) -> vec2<f32> {
    let shrink = vec2<f32>(norm.times, params.max_norm / norm.root);
    return select(vec2<f32>(1.0, 1.0), shrink, norm.root > params.max_norm * norm.times);
}

// The gradient as the optimizer sees it.
fn finished(row: Row, column: u32, sum: vec4<f32>, factor: vec2<f32>) -> vec4<f32> {
    var g = sum;
    if (EXTRAS) {
        g = g * factor.x * factor.y;
    }
    if (params.l2 != 0.0) {
        g += load_table(row.e + column, row.dim - column) * params.l2;
    }
    return g;
}

// Four columns after the step, with the state that goes with them.
struct Updated {
    w: vec4<f32>,
    step: vec4<f32>,
    s: ElementState,
}

fn updated(row: Row, column: u32, g: vec4<f32>, scale: vec2<f32>, ratio: f32) -> Updated {
    let left = row.dim - column;
    let w = load_table(row.e + column, left);
    var after: Updated;
    after.s = element_state(load_element_state(row.at, row.block, column, left), w, g, scale);
    after.step = step(w, g, after.s, scale);
    var change = after.step;
    if (STEP_SUM) {
        change *= ratio;
    }
    after.w = new_weights(w, change);
    return after;
}

// The columns that a row has, and zeros.
fn within(v: vec4<f32>, left: u32) -> vec4<f32> {
    return vec4<f32>(v.x, select(0.0, v.y, left > 1u), select(0.0, v.z, left > 2u), select(0.0, v.w, left > 3u));
}
