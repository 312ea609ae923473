// bag_forward for software adapters: a thread takes sixteen columns at a time, so that a bag's ids are read
// less often.

// Sixteen columns.
struct Block {
    a: vec4<f32>,
    b: vec4<f32>,
    c: vec4<f32>,
    d: vec4<f32>,
}

fn load_block(row: u32, column: u32, left: u32) -> Block {
    var block: Block;
    block.a = load_rows(row, column, left);
    if (left > 4u) {
        block.b = load_rows(row, column + 4u, left - 4u);
    }
    if (left > 8u) {
        block.c = load_rows(row, column + 8u, left - 8u);
    }
    if (left > 12u) {
        block.d = load_rows(row, column + 12u, left - 12u);
    }
    return block;
}

// Adds to what earlier windows wrote, or writes.
fn put(e: u32, left: u32, value: vec4<f32>, initial: u32) {
    if (initial == 1u) {
        store_out(e, left, value);
    } else {
        store_out(e, left, load_out(e, left) + value);
    }
}

fn put_block(e: u32, left: u32, block: Block, initial: u32) {
    put(e, left, block.a, initial);
    if (left > 4u) {
        put(e + 4u, left - 4u, block.b, initial);
    }
    if (left > 8u) {
        put(e + 8u, left - 8u, block.c, initial);
    }
    if (left > 12u) {
        put(e + 12u, left - 12u, block.d, initial);
    }
}

fn pool_rows(feature: Feature, item: u32, lane: u32) {
    let bag = feature.index * params.batch + params.row_begin + item;
    let begin = offsets[bag];
    let end = offsets[bag + 1u];
    let out_row = feature.out_base + item * feature.out_stride;
    for (var column = lane * 16u; column < feature.dim; column += feature.lanes * 16u) {
        let left = feature.dim - column;
        var sum: Block;
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
                let block = load_block(feature.window_base + row * feature.window_stride, column, left);
                if (weighted()) {
                    let weight = weights[p];
                    sum.a += block.a * weight;
                    sum.b += block.b * weight;
                    sum.c += block.c * weight;
                    sum.d += block.d * weight;
                } else {
                    sum.a += block.a;
                    sum.b += block.b;
                    sum.c += block.c;
                    sum.d += block.d;
                }
            }
        }
        if (feature.pooling == POOL_MEAN && count > 1u) {
            let divisor = f32(count);
            sum.a /= divisor;
            sum.b /= divisor;
            sum.c /= divisor;
            sum.d /= divisor;
        }
        put_block(out_row + column, left, sum, feature.initial);
    }
}

// The largest values: -infinity where the bag has no row in this window, for later windows to replace.
fn max_rows(feature: Feature, item: u32, lane: u32) {
    let bag = feature.index * params.batch + params.row_begin + item;
    let begin = offsets[bag];
    let end = offsets[bag + 1u];
    let out_row = feature.out_base + item * feature.out_stride;
    for (var column = lane * 16u; column < feature.dim; column += feature.lanes * 16u) {
        let left = feature.dim - column;
        var best = Block(lowest(), lowest(), lowest(), lowest());
        var count = 0u;
        for (var p = begin; p < end; p++) {
            let id = ids[p];
            if (id >= feature.rows || id == feature.padding) {
                if (pruned(id) == 1u) {
                    count += 1u;
                    let zeros = vec4<f32>();
                    best.a = larger(best.a, zeros, count == 1u);
                    best.b = larger(best.b, zeros, count == 1u);
                    best.c = larger(best.c, zeros, count == 1u);
                    best.d = larger(best.d, zeros, count == 1u);
                }
                continue;
            }
            count += 1u;
            let row = id - feature.window_first;
            if (row < feature.window_rows) {
                let block = load_block(feature.window_base + row * feature.window_stride, column, left);
                best.a = larger(best.a, block.a, count == 1u);
                best.b = larger(best.b, block.b, count == 1u);
                best.c = larger(best.c, block.c, count == 1u);
                best.d = larger(best.d, block.d, count == 1u);
            }
        }
        let e = out_row + column;
        put_max(e, left, best.a, feature.initial, count);
        if (left > 4u) {
            put_max(e + 4u, left - 4u, best.b, feature.initial, count);
        }
        if (left > 8u) {
            put_max(e + 8u, left - 8u, best.c, feature.initial, count);
        }
        if (left > 12u) {
            put_max(e + 12u, left - 12u, best.d, feature.initial, count);
        }
    }
}

fn put_max(e: u32, left: u32, best: vec4<f32>, initial: u32, count: u32) {
    var value = best;
    if (initial == 0u) {
        value = merged(load_out(e, left), value);
    }
    store_out(e, left, select(value, vec4<f32>(), count == 0u));
}

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
    for (var column = lane * 16u; column < feature.dim; column += feature.lanes * 16u) {
        let left = feature.dim - column;
        var block: Block;
        if (present) {
            block = load_block(feature.window_base + row * feature.window_stride, column, left);
            if (weighted()) {
                let weight = weights[p];
                block.a *= weight;
                block.b *= weight;
                block.c *= weight;
                block.d *= weight;
            }
        }
        put_block(out_row + column, left, block, 1u);
    }
}
