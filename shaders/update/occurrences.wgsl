// What each id of a batch contributes to which row: the row's sort key, where the gradient of the bag's
// output lies, and by what it is multiplied (per-sample weight, divided by the bag's length for a mean).

// How much an id that is no row counts.
fn pruned(id: u32) -> u32 {
    return select(0u, 1u, params.pruned == 1u && id == NONE);
}

@compute @workgroup_size(WORKGROUP)
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) lane: u32,
) {
    let bag = group_index(group, groups) * WORKGROUP + lane;
    if (bag >= params.threads) {
        return;
    }
    if (refused(status.bad_position, status.bad_offset)) {
        // the offsets may be nonsense: share the ids out evenly; no kernel does anything for this key
        for (var p = bag; p < params.ids; p += params.threads) {
            keys[p] = params.none_key + 1u;
        }
        return;
    }
    if (params.room == 1u) {
        for (var p = offsets[params.bags] + bag; p < params.ids; p += params.threads) {
            keys[p] = params.none_key;
        }
    }
    if (bag >= params.bags) {
        return;
    }
    let feature = features[bag / params.batch];
    let example = bag % params.batch;
    let first = offsets[feature.index * params.batch];
    let index = feature.index * params.batch + example;
    let begin = offsets[index];
    let end = offsets[index + 1u];
    var count = 1u;
    if (feature.pooling == POOL_MEAN) {
        count = 0u;
        for (var p = begin; p < end; p++) {
            let id = ids[p];
            count += select(pruned(id), 1u, !absent(id, feature.rows, feature.padding));
        }
    }
    // dividing by one changes nothing
    let divisor = f32(max(count, 1u));
    for (var p = begin; p < end; p++) {
        let id = ids[p];
        var factor = 1.0;
        if (params.weighted == 1u) {
            factor = weights[p];
        }
        var row = example;
        if (feature.pooling == POOL_NONE) {
            row = p - first;
        }
        let none = absent(id, feature.rows, feature.padding);
        keys[p - feature.shift] = select(feature.key_base + id, params.none_key, none);
        terms[p - feature.shift] =
            vec2<u32>(feature.out_base + row * feature.out_stride, bitcast<u32>(factor / divisor));
    }
}

// Whether an id stands for no row.
fn absent(id: u32, rows: u32, padding: u32) -> bool {
    return id >= rows || id == padding;
}
