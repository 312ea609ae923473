// Looks rows up and pools them: out[bag] = sum of weight * row over the bag's ids, divided by their number
// for a mean; without pooling, out[position] = weight * row. Ids out of range and the padding id do not
// count.

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
        for (var p = begin; p < end; p++) {
            let id = ids[p];
            if (id >= feature.rows || id == feature.padding) {
                count += pruned(id);
                continue;
            }
            count += 1u;
            // ids before the window wrap around and are beyond it too
            let row = id - feature.window_first;
            if (row < feature.window_rows) {
                let value = load_rows(feature.window_base + row * feature.window_stride, column, left);
                if (params.weighted == 1u) {
                    sum += value * weights[p];
                } else {
                    sum += value;
                }
            }
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
