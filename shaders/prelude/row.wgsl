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
    // what its random numbers are made of
    random: u32,
}

// Sums over a row that optimizers ask for: of the squares of the gradient and of the weights.
struct RowSums {
    gradient: f32,
    weight: f32,
    dim: f32,
    // occurrences in the batch
    count: u32,
}

fn row_of(begin: u32, end: u32, key: u32, part: Part) -> Row {
    let row = key - part.key_first;
    let block = select(part.dim, (part.dim + 1u) / 2u, params.state_type != TYPE_F32);
    let random = mix(mix(part.random) ^ (part.row_first + row));
    return Row(begin, end, part.base + row * part.stride, part.state_base + row * part.state_stride, block, part.dim, random);
}

// One past the last position of the segment that begins at i. Most are short; the end of a long one is searched for.
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

// How often the row was there: its terms, unless they were summed before. Then the numbers lie behind the keys.
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

// What a row's gradient, whose squares have a sum, is multiplied by.
fn gradient_factor(gradient_sum: f32, weight_sum: f32, count: u32) -> f32 {
    var factor = 1.0;
    if (params.by_frequency == 1u) {
        factor = 1.0 / f32(count);
    }
    var norm = sqrt(gradient_sum) * factor;
    if (params.clip_norm > 0.0 && norm > params.clip_norm) {
        factor *= params.clip_norm / norm;
        norm = params.clip_norm;
    }
    if (params.cow_ratio > 0.0) {
        let limit = f32(count) * max(params.cow_ratio * sqrt(weight_sum), params.cow_floor);
        if (norm > limit) {
            factor *= limit / norm;
        }
    }
    return factor;
}

// What a new row, whose squares have a sum, is multiplied by.
fn norm_factor(sum: f32) -> f32 {
    let norm = sqrt(sum);
    return select(1.0, params.max_norm / norm, norm > params.max_norm);
}

// The gradient as the optimizer sees it.
fn finished(row: Row, column: u32, sum: vec4<f32>, factor: f32) -> vec4<f32> {
    var g = sum;
    if (EXTRAS) {
        g *= factor;
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
    after.w = w * params.keep - change;
    return after;
}

// Squares of the columns that a row has.
fn squares(v: vec4<f32>, left: u32) -> vec4<f32> {
    let q = v * v;
    return vec4<f32>(q.x, select(0.0, q.y, left > 1u), select(0.0, q.z, left > 2u), select(0.0, q.w, left > 3u));
}
