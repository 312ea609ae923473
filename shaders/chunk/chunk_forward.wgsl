// Looks the chunks of rows up and pools them: a thread sums four columns over the rows of a bag. Rows that
// are not there and chunks without a slot are zeros; padding ids do not count.

// From the first slot's element and the first row's slots on, into the output's element `at`.
fn pool(feature: ChunkFeature, bag: BagIds, first: u32, slots_from: u32, at_out: u32) {
    var sum = vec4<f32>();
    var count = 0u;
    // Four rows on their way at a time, and then their slots, and then their values: what is not here is the
    // first of each, and left out.
    for (var p = bag.begin; p < bag.end; p += 4u) {
        let place = p + vec4<u32>(0u, 1u, 2u, 3u);
        let q = min(place, vec4<u32>(bag.end - 1u));
        let row = vec4<u32>(rows[q.x], rows[q.y], rows[q.z], rows[q.w]);
        let given = place < vec4<u32>(bag.end);
        let known = given & (row < vec4<u32>(PADDED));
        let entry = slots_from + select(vec4<u32>(), row, known) * feature.chunks;
        // what has no slot, or one before the window, is beyond it too
        let slot = vec4<u32>(slots[entry.x], slots[entry.y], slots[entry.z], slots[entry.w]) - params.first_slot;
        let here = known & (slot < vec4<u32>(params.slots));
        let at = first + select(vec4<u32>(), slot, here) * params.width;
        let a = load_store(at.x);
        let b = load_store(at.y);
        let c = load_store(at.z);
        let d = load_store(at.w);
        var weight = vec4<f32>(1.0);
        if (params.weights > 0u) {
            weight = vec4<f32>(weight_of(q.x), weight_of(q.y), weight_of(q.z), weight_of(q.w));
        }
        let counted = select(vec4<u32>(), vec4<u32>(1u), given & (row != vec4<u32>(PADDED)));
        count += counted.x + counted.y + counted.z + counted.w;
        sum = select(sum, sum + a * weight.x, here.x);
        sum = select(sum, sum + b * weight.y, here.y);
        sum = select(sum, sum + c * weight.z, here.z);
        sum = select(sum, sum + d * weight.w, here.w);
    }
    finish(feature, at_out, sum, count);
}
