// Looks rows up and pools them: out[bag] = sum of weight * row over the bag's ids, divided by their number
// for a mean; without pooling, out[position] = weight * row. Ids out of range and the padding id do not
// count.

// Two rows from a position on, their ids loaded first; what is not here is the window's first row.
struct Two {
    a: vec4<f32>,
    b: vec4<f32>,
    here: vec2<bool>,
    weight: vec2<f32>,
    // how many count for a mean
    count: u32,
}

// A sum, and how many ids counted.
struct Pooled {
    sum: vec4<f32>,
    count: u32,
}

// Has no branches, so that the rows of several calls are on their way at a time.
fn load_two(feature: Feature, p: u32, end: u32, column: u32, left: u32) -> Two {
    let place = vec2<u32>(p, p + 1u);
    let given = place < vec2<u32>(end);
    let q = min(place, vec2<u32>(end - 1u));
    let id = vec2<u32>(ids[q.x], ids[q.y]);
    let known = given & (id < vec2<u32>(feature.rows)) & (id != vec2<u32>(feature.padding));
    // ids before the window wrap around and are beyond it too
    let row = id - feature.window_first;
    let here = known & (row < vec2<u32>(feature.window_rows));
    let at = feature.window_base + select(vec2<u32>(), row, here) * feature.window_stride;
    let absent = vec2<u32>(pruned(id.x), pruned(id.y));
    let counted = select(select(vec2<u32>(), absent, given), vec2<u32>(1u), known);
    return Two(
        load_rows(at.x, column, left),
        load_rows(at.y, column, left),
        here,
        select(vec2<f32>(), vec2<f32>(weights[q.x], weights[q.y]), weighted()),
        counted.x + counted.y,
    );
}

fn add_two(pooled: Pooled, two: Two) -> Pooled {
    var a = two.a;
    var b = two.b;
    if (weighted()) {
        a *= two.weight.x;
        b *= two.weight.y;
    }
    let first = select(pooled.sum, pooled.sum + a, two.here.x);
    return Pooled(select(first, first + b, two.here.y), pooled.count + two.count);
}

// The item is a row of the output, counted from row_begin.
fn pool_rows(feature: Feature, item: u32, lane: u32) {
    let bag = feature.index * params.batch + params.row_begin + item;
    let begin = offsets[bag];
    let end = offsets[bag + 1u];
    let out_row = feature.out_base + item * feature.out_stride;
    for (var column = lane * 4u; column < feature.dim; column += feature.lanes * 4u) {
        let left = feature.dim - column;
        var pooled = Pooled();
        for (var p = begin; p < end; p += ROWS) {
            pooled = add_rows(pooled, feature, p, end, column, left);
        }
        var sum = pooled.sum;
        if (feature.pooling == POOL_MEAN && pooled.count > 1u) {
            sum /= f32(pooled.count);
        }
        if (!is_first(feature)) {
            sum = load_out(out_row + column, left) + sum;
        }
        store_out(out_row + column, left, sum);
    }
}

// The largest values: -infinity where the bag has no row in this window, for later windows to replace.
fn max_rows(feature: Feature, item: u32, lane: u32) {
    let bag = feature.index * params.batch + params.row_begin + item;
    let begin = offsets[bag];
    let end = offsets[bag + 1u];
    let out_row = feature.out_base + item * feature.out_stride;
    for (var column = lane * 4u; column < feature.dim; column += feature.lanes * 4u) {
        let left = feature.dim - column;
        var best = lowest();
        var count = 0u;
        for (var p = begin; p < end; p++) {
            let id = ids[p];
            if (id >= feature.rows || id == feature.padding) {
                if (pruned(id) == 1u) {
                    count += 1u;
                    best = larger(best, vec4<f32>(), count == 1u);
                }
                continue;
            }
            count += 1u;
            let row = id - feature.window_first;
            if (row < feature.window_rows) {
                let value = load_rows(feature.window_base + row * feature.window_stride, column, left);
                best = larger(best, value, count == 1u);
            }
        }
        if (!is_first(feature)) {
            best = merged(load_out(out_row + column, left), best);
        }
        store_out(out_row + column, left, select(best, vec4<f32>(), count == 0u));
    }
}

// The item is a position among the feature's ids, counted from row_begin.
fn copy_rows(feature: Feature, item: u32, lane: u32) {
    let p = offsets[feature.index * params.batch] + params.row_begin + item;
    if (p >= offsets[(feature.index + 1u) * params.batch]) {
        return;
    }
    let id = ids[p];
    let absent = id >= feature.rows || id == feature.padding;
    let row = id - feature.window_first;
    let present = !absent && row < feature.window_rows;
    if (!present && !is_first(feature)) {
        return;
    }
    // a row of a later window is overwritten by that window's dispatch
    let out_row = feature.out_base + item * feature.out_stride;
    for (var column = lane * 4u; column < feature.dim; column += feature.lanes * 4u) {
        let left = feature.dim - column;
        var value = vec4<f32>();
        if (present) {
            value = load_rows(feature.window_base + row * feature.window_stride, column, left);
            if (weighted()) {
                value *= weights[p];
            }
        }
        store_out(out_row + column, left, value);
    }
}
