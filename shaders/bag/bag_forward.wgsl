// Looks rows up and pools them: out[bag] = sum of weight * row over the bag's ids, divided by their number
// for a mean; without pooling, out[position] = weight * row. Ids out of range and the padding id do not
// count.

// The sum with one row more, if it is here.
fn added(sum: vec4<f32>, value: vec4<f32>, weight: f32, here: bool) -> vec4<f32> {
    let term = select(value, value * weight, params.weighted == 1u);
    return select(sum, sum + term, here);
}

// The item is a row of the output, counted from row_begin.
fn pool_rows(feature: Feature, item: u32, lane: u32) {
    let bag = feature.index * params.batch + params.row_begin + item;
    let begin = offsets[bag];
    let end = offsets[bag + 1u];
    let out_row = feature.out_base + item * feature.out_stride;
    for (var column = lane * 4u; column < feature.dim; column += feature.lanes * 4u) {
        let left = feature.dim - column;
        var sum = vec4<f32>();
        var count = 0u;
        // Four rows on their way at a time: what is not here is the window's first row, and left out.
        for (var p = begin; p < end; p += 4u) {
            let place = p + vec4<u32>(0u, 1u, 2u, 3u);
            let given = place < vec4<u32>(end);
            let q = min(place, vec4<u32>(end - 1u));
            let id = vec4<u32>(ids[q.x], ids[q.y], ids[q.z], ids[q.w]);
            let known = given & (id < vec4<u32>(feature.rows)) & (id != vec4<u32>(feature.padding));
            // ids before the window wrap around and are beyond it too
            let row = id - feature.window_first;
            let here = known & (row < vec4<u32>(feature.window_rows));
            let at = feature.window_base + select(vec4<u32>(), row, here) * feature.window_stride;
            let a = load_rows(at.x, column, left);
            let b = load_rows(at.y, column, left);
            let c = load_rows(at.z, column, left);
            let d = load_rows(at.w, column, left);
            var weight = vec4<f32>();
            if (params.weighted == 1u) {
                weight = vec4<f32>(weights[q.x], weights[q.y], weights[q.z], weights[q.w]);
            }
            let absent = vec4<u32>(pruned(id.x), pruned(id.y), pruned(id.z), pruned(id.w));
            let counted = select(select(vec4<u32>(), absent, given), vec4<u32>(1u), known);
            count += counted.x + counted.y + counted.z + counted.w;
            sum = added(sum, a, weight.x, here.x);
            sum = added(sum, b, weight.y, here.y);
            sum = added(sum, c, weight.z, here.z);
            sum = added(sum, d, weight.w, here.w);
        }
        if (feature.pooling == POOL_MEAN && count > 1u) {
            sum /= f32(count);
        }
        if (feature.initial == 0u) {
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
        if (feature.initial == 0u) {
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
    if (!present && feature.initial == 0u) {
        return;
    }
    // a row of a later window is overwritten by that window's dispatch
    let out_row = feature.out_base + item * feature.out_stride;
    for (var column = lane * 4u; column < feature.dim; column += feature.lanes * 4u) {
        let left = feature.dim - column;
        var value = vec4<f32>();
        if (present) {
            value = load_rows(feature.window_base + row * feature.window_stride, column, left);
            if (params.weighted == 1u) {
                value *= weights[p];
            }
        }
        store_out(out_row + column, left, value);
    }
}
