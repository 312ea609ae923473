// The only writer of tables: for each distinct key the sum of its terms, then the optimizer, once a row. `lanes`
// threads share a row, each with every lanes-th group of four columns.
@group(0) @binding(0) var<storage, read> parts: array<Part>;
@group(0) @binding(1) var<storage, read> keys: array<u32>;
@group(0) @binding(2) var<storage, read> terms: array<vec2<u32>>;
@group(0) @binding(3) var<storage, read> grad: array<Elem>;
@group(0) @binding(4) var<storage, read> partials: array<vec4<f32>>;
@group(0) @binding(5) var<storage, read_write> table: array<TableElem>;
@group(0) @binding(6) var<storage, read_write> state: array<StateElem>;

@group(1) @binding(0) var<uniform> params: Params;

var<workgroup> sums: array<vec4<f32>, WORKGROUP>;

// Adds up what the threads of each row bring, in a fixed order: lanes in a binary tree, then components in pairs. All
// threads of a group call it.
fn row_sum(thread: u32, partial: vec4<f32>) -> f32 {
    let lane = thread % params.lanes;
    // a sum before this one may still be read
    workgroupBarrier();
    sums[thread] = partial;
    for (var width = params.lanes / 2u; width > 0u; width /= 2u) {
        workgroupBarrier();
        if (lane < width) {
            sums[thread] += sums[thread + width];
        }
    }
    workgroupBarrier();
    let sum = sums[thread - lane];
    return (sum.x + sum.y) + (sum.z + sum.w);
}

// Each lane keeps the sum of its first four columns; any further ones it makes anew where they are asked for.
fn kept_or_summed(row: Row, column: u32, kept: vec4<f32>) -> vec4<f32> {
    if (column < params.lanes * 4u) {
        return kept;
    }
    return terms_sum(row, column);
}

@compute @workgroup_size(WORKGROUP)
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) thread: u32,
) {
    let lanes = params.lanes;
    let lane = thread % lanes;
    let i = group_index(group, groups) * (WORKGROUP / lanes) + thread / lanes;
    // a thread works if a segment of this window begins at its position
    var works = i < params.len;
    var key = 0u;
    if (works) {
        key = keys[i];
        works = key >= params.key_begin && key < params.key_end;
    }
    if (works && i > 0u) {
        works = keys[i - 1u] != key;
    }
    // those that do not have no columns
    var row: Row;
    if (works) {
        row = row_of(i, segment_end(i, key), key, parts[find_part(key)]);
    }
    let count = occurrences(row);
    let first = lane * 4u;
    let stride = lanes * 4u;
    var kept = vec4<f32>();
    if (first < row.dim) {
        kept = terms_sum(row, first);
    }

    var factor = 1.0;
    if (EXTRAS) {
        var gradient_sum = 0.0;
        var weight_sum = 0.0;
        if (clips_norms()) {
            var g = vec4<f32>();
            var w = vec4<f32>();
            for (var column = first; column < row.dim; column += stride) {
                let sum = kept_or_summed(row, column, kept);
                let weight = load_table(row.e + column, row.dim - column);
                g += sum * sum;
                w += weight * weight;
            }
            gradient_sum = row_sum(thread, g);
            weight_sum = row_sum(thread, w);
        }
        factor = gradient_factor(gradient_sum, weight_sum, count);
    }

    var row_sums = RowSums(0.0, 0.0, f32(row.dim), count);
    if (GRADIENT_SUM) {
        var g = vec4<f32>();
        var w = vec4<f32>();
        for (var column = first; column < row.dim; column += stride) {
            let gradient = finished(row, column, kept_or_summed(row, column, kept), factor);
            g += gradient * gradient;
            if (WEIGHT_SUM) {
                let weight = load_table(row.e + column, row.dim - column);
                w += weight * weight;
            }
        }
        row_sums.gradient = row_sum(thread, g);
        if (WEIGHT_SUM) {
            row_sums.weight = row_sum(thread, w);
        }
    }
    var values = vec4<u32>();
    if (ROW_VALUES > 0u) {
        if (works) {
            values = load_row_state(row.at + ELEMENT_VALUES * row.block);
        }
        values = row_state(values, row_sums);
        // all lanes have read before one writes
        storageBarrier();
        if (works && lane == 0u) {
            store_row_state(row.at + ELEMENT_VALUES * row.block, values);
        }
    }
    let scale = row_scale(values, row_sums);

    var ratio = 1.0;
    if (STEP_SUM) {
        var u = vec4<f32>();
        var w = vec4<f32>();
        for (var column = first; column < row.dim; column += stride) {
            let g = finished(row, column, kept_or_summed(row, column, kept), factor);
            let weight = load_table(row.e + column, row.dim - column);
            u += squares(updated(row, column, g, scale, 1.0).step, row.dim - column);
            w += weight * weight;
        }
        let step_sum = row_sum(thread, u);
        ratio = trust(row_sum(thread, w), step_sum);
    }
    var shrink = 1.0;
    if (EXTRAS && params.max_norm > 0.0) {
        var w = vec4<f32>();
        for (var column = first; column < row.dim; column += stride) {
            let g = finished(row, column, kept_or_summed(row, column, kept), factor);
            w += squares(updated(row, column, g, scale, ratio).w, row.dim - column);
        }
        shrink = norm_factor(row_sum(thread, w));
    }

    for (var column = first; column < row.dim; column += stride) {
        let left = row.dim - column;
        let g = finished(row, column, kept_or_summed(row, column, kept), factor);
        var after = updated(row, column, g, scale, ratio);
        if (EXTRAS) {
            after.w *= shrink;
        }
        if (ELEMENT_VALUES > 0u) {
            store_element_state(row.at, row.block, column, left, after.s);
        }
        store_table(row.e + column, left, after.w, row.random, column);
    }
}
