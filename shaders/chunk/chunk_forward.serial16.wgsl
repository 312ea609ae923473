// chunk_forward for software adapters, for chunks of sixteens of columns: a thread sums sixteen of them, so
// that rows and slots are read less often.

const COLUMNS: u32 = 16u;

// From the first slot's element and the first row's slots on, into the output's element `at`.
fn pool(feature: ChunkFeature, bag: BagIds, first: u32, slots_from: u32, at_out: u32) {
    var a = vec4<f32>();
    var b = vec4<f32>();
    var c = vec4<f32>();
    var d = vec4<f32>();
    var count = 0u;
    for (var p = bag.begin; p < bag.end; p++) {
        let row = rows[p];
        count += u32(row != PADDED);
        let there = row < PADDED;
        let slot = slots[select(0u, slots_from + row * feature.chunks, there)] - params.first_slot;
        // one condition: both sides of each are executed
        if (there && slot < params.slots) {
            let at = first + slot * params.width;
            // to multiply by one changes nothing
            var weight = 1.0;
            if (params.weights > 0u) {
                weight = weight_of(p);
            }
            a += load_store(at) * weight;
            b += load_store(at + 4u) * weight;
            c += load_store(at + 8u) * weight;
            d += load_store(at + 12u) * weight;
        }
    }
    // nor does to divide by one
    let divisor = f32(select(1u, max(count, 1u), feature.pooling == POOL_MEAN));
    put(at_out, a / divisor);
    put(at_out + 4u, b / divisor);
    put(at_out + 8u, c / divisor);
    put(at_out + 12u, d / divisor);
}

// Adds to what earlier windows wrote, or writes.
fn put(e: u32, value: vec4<f32>) {
    if (params.initial == 1u) {
        store_out(e, 4u, value);
    } else {
        store_out(e, 4u, load_out(e, 4u) + value);
    }
}
