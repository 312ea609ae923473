// For each bag and column of a feature the position of the largest value: the first of equal ones, as the
// forward pools. Windows come one after the other, each with what those before it have found.

fn load(e: u32) -> f32 {
    if (params.rows_type == TYPE_F32) {
        return bitcast<f32>(rows[e]);
    }
    return unpack_pair(rows[e / 2u], params.rows_type)[e % 2u];
}

fn nan(bits: u32) -> bool {
    return (bits & 0x7fffffffu) > 0x7f800000u;
}

@compute @workgroup_size(WORKGROUP)
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) lane: u32,
) {
    let i = group_index(group, groups) * WORKGROUP + lane;
    if (i >= params.values || refused(status.bad_position, status.bad_offset)) {
        return;
    }
    let bag = params.first_bag + i / params.dim;
    let column = i % params.dim;
    var value = 0.0;
    var place = NONE;
    var first = true;
    for (var p = offsets[bag]; p < offsets[bag + 1u]; p++) {
        let id = ids[p];
        if (id >= params.table_rows || id == params.padding) {
            continue;
        }
        let row = id - params.window_first;
        if (row < params.window_rows) {
            let v = load(params.window_base + row * params.window_stride + column);
            let counts = !nan(bitcast<u32>(v)) && !nan(bitcast<u32>(value));
            if (first || (counts && (place == NONE || v > value))) {
                value = v;
                place = p;
            }
        }
        first = false;
    }
    if (params.initial == 0u) {
        let old = best[i];
        let old_place = places[i];
        let at_front = nan(bitcast<u32>(value));
        let beats = value > old || (value == old && place < old_place);
        let takes = at_front || old_place == NONE || (!nan(bitcast<u32>(old)) && beats);
        if (place == NONE || !takes) {
            return;
        }
    }
    best[i] = value;
    places[i] = place;
}
