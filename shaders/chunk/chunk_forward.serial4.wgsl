// chunk_forward for software adapters, with chunks of any width.

// From the first slot's element and the first row's slots on, into the output's element `at`.
fn pool(feature: ChunkFeature, bag: BagIds, first: u32, slots_from: u32, at_out: u32) {
    var sum = vec4<f32>();
    var count = 0u;
    for (var p = bag.begin; p < bag.end; p++) {
        let row = rows[p];
        count += u32(row != PADDED);
        if (row >= PADDED) {
            continue;
        }
        // what has no slot, or one before the window, is beyond it too
        let slot = slots[slots_from + row * feature.chunks] - params.first_slot;
        if (slot < params.slots) {
            let value = load_store(first + slot * params.width);
            if (params.weights > 0u) {
                sum += value * weight_of(p);
            } else {
                sum += value;
            }
        }
    }
    finish(feature, at_out, sum, count);
}
