// The only writer of tables: for each distinct key the sum of its terms, then the optimizer, once a row.
// `lanes` threads share a row, each with every lanes-th group of four columns.

var<workgroup> sums: array<vec4<f32>, WORKGROUP>;
// of values times SMALL
var<workgroup> small_sums: array<vec4<f32>, WORKGROUP>;

// Adds up what the threads of each row bring, in a fixed order: lanes in a binary tree, then components in
// pairs. All threads of a group call it.
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

// Squares of a thread's values, and of the values times SMALL.
struct Squares {
    whole: vec4<f32>,
    small: vec4<f32>,
}

fn with_squares(before: Squares, v: vec4<f32>) -> Squares {
    let small = v * SMALL;
    return Squares(before.whole + v * v, before.small + small * small);
}

// As row_sum, of both at once: a second sum for those rows alone whose first one is infinite would be
// barriers under a condition.
fn row_norm(thread: u32, partial: Squares) -> Norm {
    let lane = thread % params.lanes;
    workgroupBarrier();
    sums[thread] = partial.whole;
    small_sums[thread] = partial.small;
    for (var width = params.lanes / 2u; width > 0u; width /= 2u) {
        workgroupBarrier();
        if (lane < width) {
            sums[thread] += sums[thread + width];
            small_sums[thread] += small_sums[thread + width];
        }
    }
    workgroupBarrier();
    let whole = sums[thread - lane];
    let small = small_sums[thread - lane];
    let sum = (whole.x + whole.y) + (whole.z + whole.w);
    let small_sum = (small.x + small.y) + (small.z + small.w);
    let huge = is_infinite(sum);
    return Norm(sqrt(select(sum, small_sum, huge)), select(1.0, SMALL, huge));
}

// The sums of a lane's first four columns, and of its next four.
struct Kept {
    near: vec4<f32>,
    far: vec4<f32>,
}

// Sums of further columns are made anew where they are asked for.
fn kept_or_summed(row: Row, column: u32, kept: Kept) -> vec4<f32> {
    if (column < params.lanes * 4u) {
        return kept.near;
    }
    if (column < params.lanes * 8u) {
        return kept.far;
    }
    return terms_sum_again(row, column);
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
    var kept: Kept;
    for (var column = first; column < min(row.dim, 2u * stride); column += stride) {
        let sum = terms_sum(row, column);
        if (column < stride) {
            kept.near = sum;
        } else {
            kept.far = sum;
        }
    }

    let nothing = Norm(0.0, 1.0);
    var factor = vec2<f32>(1.0, 1.0);
    if (EXTRAS) {
        var gradient_norm = nothing;
        var weight_norm = nothing;
        if (clips_norms()) {
            var g: Squares;
            var w: Squares;
            for (var column = first; column < row.dim; column += stride) {
                g = with_squares(g, kept_or_summed(row, column, kept));
                w = with_squares(w, load_table(row.e + column, row.dim - column));
            }
            gradient_norm = row_norm(thread, g);
            weight_norm = row_norm(thread, w);
        }
        factor = gradient_factor(gradient_norm, weight_norm, count);
    }

    var row_sums = RowSums(0.0, nothing, nothing, f32(row.dim), count);
    if (GRADIENT_SUM) {
        var g = vec4<f32>();
        for (var column = first; column < row.dim; column += stride) {
            let gradient = finished(row, column, kept_or_summed(row, column, kept), factor);
            g += gradient * gradient;
        }
        row_sums.gradient = row_sum(thread, g);
    }
    if (NORMS) {
        var g: Squares;
        var w: Squares;
        for (var column = first; column < row.dim; column += stride) {
            g = with_squares(g, finished(row, column, kept_or_summed(row, column, kept), factor));
            w = with_squares(w, load_table(row.e + column, row.dim - column));
        }
        row_sums.gradient_norm = row_norm(thread, g);
        row_sums.weight_norm = row_norm(thread, w);
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
        var u: Squares;
        var w: Squares;
        for (var column = first; column < row.dim; column += stride) {
            let g = finished(row, column, kept_or_summed(row, column, kept), factor);
            u = with_squares(u, within(updated(row, column, g, scale, 1.0).step, row.dim - column));
            w = with_squares(w, load_table(row.e + column, row.dim - column));
        }
        let step_norm = row_norm(thread, u);
        ratio = trust(row_norm(thread, w), step_norm);
    }
    var shrink = vec2<f32>(1.0, 1.0);
    if (EXTRAS && params.max_norm > 0.0) {
        var w: Squares;
        for (var column = first; column < row.dim; column += stride) {
            let g = finished(row, column, kept_or_summed(row, column, kept), factor);
            w = with_squares(w, within(updated(row, column, g, scale, ratio).w, row.dim - column));
        }
        shrink = norm_factor(row_norm(thread, w));
    }

    for (var column = first; column < row.dim; column += stride) {
        let left = row.dim - column;
        let g = finished(row, column, kept_or_summed(row, column, kept), factor);
        var after = updated(row, column, g, scale, ratio);
        if (EXTRAS) {
            after.w = after.w * shrink.x * shrink.y;
        }
        if (ELEMENT_VALUES > 0u) {
            store_element_state(row.at, row.block, column, left, after.s);
        }
        store_table(row.e + column, left, after.w, row.random, row.column_first + column);
    }
}
