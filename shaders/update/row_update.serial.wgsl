// row_update for software adapters: one thread a row, sixteen columns at a time, no workgroup memory. The
// order of every sum is that of row_update.wgsl with sixteen lanes.

// What of four columns a sum of squares over the row is made of.
const OF_TERMS: u32 = 0u;
const OF_GRADIENT: u32 = 1u;
const OF_STEP: u32 = 2u;
const OF_NEW: u32 = 3u;
const OF_WEIGHTS: u32 = 4u;

// How far the row has come: the factors of its gradient, the optimizer's scale, and the trust ratio.
struct Known {
    factor: vec2<f32>,
    scale: vec2<f32>,
    ratio: f32,
}

fn column_value(what: u32, row: Row, column: u32, sum: vec4<f32>, known: Known) -> vec4<f32> {
    let left = row.dim - column;
    if (what == OF_TERMS) {
        return sum;
    }
    if (what == OF_WEIGHTS) {
        return load_table(row.e + column, left);
    }
    let g = finished(row, column, sum, known.factor);
    if (what == OF_GRADIENT) {
        return g;
    }
    let after = updated(row, column, g, known.scale, known.ratio);
    return within(select(after.w, after.step, what == OF_STEP), left);
}

fn column_square(what: u32, row: Row, column: u32, sum: vec4<f32>, known: Known, times: f32) -> vec4<f32> {
    let v = column_value(what, row, column, sum, known) * times;
    return v * v;
}

// Adds four lanes' squares of sixteen columns.
fn add_squares(lanes: ptr<function, Block>, what: u32, row: Row, column: u32, known: Known, times: f32) {
    if (column >= row.dim) {
        return;
    }
    let left = row.dim - column;
    var block: Block;
    if (what != OF_WEIGHTS) {
        block = block_sum(row, column);
    }
    (*lanes).a += column_square(what, row, column, block.a, known, times);
    if (more(left, 4u)) {
        (*lanes).b += column_square(what, row, column + 4u, block.b, known, times);
    }
    if (more(left, 8u)) {
        (*lanes).c += column_square(what, row, column + 8u, block.c, known, times);
    }
    if (more(left, 12u)) {
        (*lanes).d += column_square(what, row, column + 12u, block.d, known, times);
    }
}

// The sum of the squares over a row, whose values are multiplied by `times` first: sixteen lanes of four
// columns, then a binary tree, then components in pairs. The lanes have names: an array that is indexed at
// run time would lie in memory.
fn row_sum(what: u32, row: Row, known: Known, times: f32) -> f32 {
    var first: Block;
    var second: Block;
    var third: Block;
    var fourth: Block;
    for (var column = 0u; column < row.dim; column += 64u) {
        add_squares(&first, what, row, column, known, times);
        add_squares(&second, what, row, column + 16u, known, times);
        add_squares(&third, what, row, column + 32u, known, times);
        add_squares(&fourth, what, row, column + 48u, known, times);
    }
    let a = (first.a + third.a) + (second.a + fourth.a);
    let b = (first.b + third.b) + (second.b + fourth.b);
    let c = (first.c + third.c) + (second.c + fourth.c);
    let d = (first.d + third.d) + (second.d + fourth.d);
    let sum = (a + c) + (b + d);
    return (sum.x + sum.y) + (sum.z + sum.w);
}

// The norm of what the squares are of. Where their sum is infinite it is made once more.
fn row_norm(what: u32, row: Row, known: Known) -> Norm {
    var norm = Norm(0.0, 1.0);
    var again = true;
    // a single call: drivers inline it
    while (again) {
        let sum = row_sum(what, row, known, norm.times);
        norm.root = sqrt(sum);
        again = is_infinite(sum) && norm.times == 1.0;
        norm.times = select(norm.times, SMALL, again);
    }
    return norm;
}

fn update_columns(row: Row, column: u32, sum: vec4<f32>, known: Known, shrink: vec2<f32>) {
    let left = row.dim - column;
    var after = updated(row, column, finished(row, column, sum, known.factor), known.scale, known.ratio);
    if (EXTRAS) {
        after.w = after.w * shrink.x * shrink.y;
    }
    if (ELEMENT_VALUES > 0u) {
        store_element_state(row.at, row.block, column, left, after.s);
    }
    store_table(row.e + column, left, after.w, row.random, row.column_first + column);
}

@compute @workgroup_size(WORKGROUP)
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) thread: u32,
) {
    let i = group_spread(group, groups) * WORKGROUP + thread;
    if (i >= params.len) {
        return;
    }
    let key = keys[i];
    if (key < params.key_begin || key >= params.key_end) {
        return;
    }
    if (i > 0u && keys[i - 1u] == key) {
        return;
    }
    let row = row_of(i, segment_end(i, key), key, parts[find_part(key)]);
    let count = occurrences(row);
    let nothing = Norm(0.0, 1.0);
    var known = Known(vec2<f32>(1.0, 1.0), vec2<f32>(), 1.0);

    if (EXTRAS) {
        var gradient_norm = nothing;
        var weight_norm = nothing;
        if (clips_norms()) {
            gradient_norm = row_norm(OF_TERMS, row, known);
            weight_norm = row_norm(OF_WEIGHTS, row, known);
        }
        known.factor = gradient_factor(gradient_norm, weight_norm, count);
    }
    var row_sums = RowSums(0.0, nothing, nothing, f32(row.dim), count);
    if (GRADIENT_SUM) {
        row_sums.gradient = row_sum(OF_GRADIENT, row, known, 1.0);
    }
    if (NORMS) {
        row_sums.gradient_norm = row_norm(OF_GRADIENT, row, known);
        row_sums.weight_norm = row_norm(OF_WEIGHTS, row, known);
    }
    var values = vec4<u32>();
    if (ROW_VALUES > 0u) {
        let at = row.at + ELEMENT_VALUES * row.block;
        values = row_state(load_row_state(at), row_sums);
        store_row_state(at, values);
    }
    known.scale = row_scale(values, row_sums);
    if (STEP_SUM) {
        let step_norm = row_norm(OF_STEP, row, known);
        known.ratio = trust(row_norm(OF_WEIGHTS, row, known), step_norm);
    }
    var shrink = vec2<f32>(1.0, 1.0);
    if (EXTRAS && params.max_norm > 0.0) {
        shrink = norm_factor(row_norm(OF_NEW, row, known));
    }
    for (var column = 0u; column < row.dim; column += 16u) {
        let left = row.dim - column;
        let block = block_sum(row, column);
        update_columns(row, column, block.a, known, shrink);
        if (more(left, 4u)) {
            update_columns(row, column + 4u, block.b, known, shrink);
        }
        if (more(left, 8u)) {
            update_columns(row, column + 8u, block.c, known, shrink);
        }
        if (more(left, 12u)) {
            update_columns(row, column + 12u, block.d, known, shrink);
        }
    }
}
