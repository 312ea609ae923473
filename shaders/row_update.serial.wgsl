// row_update for software adapters: one thread a row, sixteen columns at a time, no workgroup memory. The order of
// every sum is that of row_update.wgsl with sixteen lanes.
@group(0) @binding(0) var<storage, read> parts: array<Part>;
@group(0) @binding(1) var<storage, read> keys: array<u32>;
@group(0) @binding(2) var<storage, read> terms: array<vec2<u32>>;
@group(0) @binding(3) var<storage, read> grad: array<Elem>;
@group(0) @binding(4) var<storage, read> partials: array<vec4<f32>>;
@group(0) @binding(5) var<storage, read_write> table: array<TableElem>;
@group(0) @binding(6) var<storage, read_write> state: array<StateElem>;

@group(1) @binding(0) var<uniform> params: Params;

// What of four columns a sum over the row is made of.
const OF_TERMS: u32 = 0u;
const OF_GRADIENT: u32 = 1u;
const OF_STEP: u32 = 2u;
const OF_NEW: u32 = 3u;
const OF_WEIGHTS: u32 = 4u;

fn column_term(what: u32, row: Row, column: u32, sum: vec4<f32>, factor: f32, scale: vec2<f32>, ratio: f32) -> vec4<f32> {
    let left = row.dim - column;
    if (what == OF_TERMS) {
        return sum * sum;
    }
    if (what == OF_WEIGHTS) {
        let w = load_table(row.e + column, left);
        return w * w;
    }
    let g = finished(row, column, sum, factor);
    if (what == OF_GRADIENT) {
        return g * g;
    }
    let after = updated(row, column, g, scale, ratio);
    return squares(select(after.w, after.step, what == OF_STEP), left);
}

// Adds four lanes' terms of sixteen columns.
fn add_terms(lanes: ptr<function, Block>, what: u32, row: Row, column: u32, factor: f32, scale: vec2<f32>, ratio: f32) {
    if (column >= row.dim) {
        return;
    }
    let left = row.dim - column;
    var block: Block;
    if (what != OF_WEIGHTS) {
        block = block_sum(row, column);
    }
    (*lanes).a += column_term(what, row, column, block.a, factor, scale, ratio);
    if (more(left, 4u)) {
        (*lanes).b += column_term(what, row, column + 4u, block.b, factor, scale, ratio);
    }
    if (more(left, 8u)) {
        (*lanes).c += column_term(what, row, column + 8u, block.c, factor, scale, ratio);
    }
    if (more(left, 12u)) {
        (*lanes).d += column_term(what, row, column + 12u, block.d, factor, scale, ratio);
    }
}

// The sum over a row: sixteen lanes of four columns, then a binary tree, then components in pairs. The lanes have names:
// an array that is indexed at run time would lie in memory.
fn row_sum(what: u32, row: Row, factor: f32, scale: vec2<f32>, ratio: f32) -> f32 {
    var first: Block;
    var second: Block;
    var third: Block;
    var fourth: Block;
    for (var column = 0u; column < row.dim; column += 64u) {
        add_terms(&first, what, row, column, factor, scale, ratio);
        add_terms(&second, what, row, column + 16u, factor, scale, ratio);
        add_terms(&third, what, row, column + 32u, factor, scale, ratio);
        add_terms(&fourth, what, row, column + 48u, factor, scale, ratio);
    }
    let a = (first.a + third.a) + (second.a + fourth.a);
    let b = (first.b + third.b) + (second.b + fourth.b);
    let c = (first.c + third.c) + (second.c + fourth.c);
    let d = (first.d + third.d) + (second.d + fourth.d);
    let sum = (a + c) + (b + d);
    return (sum.x + sum.y) + (sum.z + sum.w);
}

fn update_columns(row: Row, column: u32, sum: vec4<f32>, factor: f32, scale: vec2<f32>, ratio: f32, shrink: f32) {
    let left = row.dim - column;
    var after = updated(row, column, finished(row, column, sum, factor), scale, ratio);
    if (EXTRAS) {
        after.w *= shrink;
    }
    if (ELEMENT_VALUES > 0u) {
        store_element_state(row.at, row.block, column, left, after.s);
    }
    store_table(row.e + column, left, after.w, row.random, column);
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
    let none = vec2<f32>();

    var factor = 1.0;
    if (EXTRAS) {
        var gradient_sum = 0.0;
        var weight_sum = 0.0;
        if (clips_norms()) {
            gradient_sum = row_sum(OF_TERMS, row, 1.0, none, 1.0);
            weight_sum = row_sum(OF_WEIGHTS, row, 1.0, none, 1.0);
        }
        factor = gradient_factor(gradient_sum, weight_sum, count);
    }
    var row_sums = RowSums(0.0, 0.0, f32(row.dim), count);
    if (GRADIENT_SUM) {
        row_sums.gradient = row_sum(OF_GRADIENT, row, factor, none, 1.0);
        if (WEIGHT_SUM) {
            row_sums.weight = row_sum(OF_WEIGHTS, row, 1.0, none, 1.0);
        }
    }
    var values = vec4<u32>();
    if (ROW_VALUES > 0u) {
        let at = row.at + ELEMENT_VALUES * row.block;
        values = row_state(load_row_state(at), row_sums);
        store_row_state(at, values);
    }
    let scale = row_scale(values, row_sums);
    var ratio = 1.0;
    if (STEP_SUM) {
        let step_sum = row_sum(OF_STEP, row, factor, scale, 1.0);
        ratio = trust(row_sum(OF_WEIGHTS, row, 1.0, none, 1.0), step_sum);
    }
    var shrink = 1.0;
    if (EXTRAS && params.max_norm > 0.0) {
        shrink = norm_factor(row_sum(OF_NEW, row, factor, scale, ratio));
    }
    for (var column = 0u; column < row.dim; column += 16u) {
        let left = row.dim - column;
        let block = block_sum(row, column);
        update_columns(row, column, block.a, factor, scale, ratio, shrink);
        if (more(left, 4u)) {
            update_columns(row, column + 4u, block.b, factor, scale, ratio, shrink);
        }
        if (more(left, 8u)) {
            update_columns(row, column + 8u, block.c, factor, scale, ratio, shrink);
        }
        if (more(left, 12u)) {
            update_columns(row, column + 12u, block.d, factor, scale, ratio, shrink);
        }
    }
}
