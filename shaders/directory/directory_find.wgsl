// The row of each raw id, or NONE; and, if wanted, for those that have none their virtual ids, which may be
// admitted.

@compute @workgroup_size(WORKGROUP)
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) thread: u32,
) {
    let work = group_index(group, groups) * WORKGROUP + thread;
    if (work >= params.work) {
        return;
    }
    let feature = features[find_feature(work)];
    let i = feature.first + (work - feature.work_begin);
    let raw = ids[i];
    if (feature.padding != NONE && raw.x == feature.padding && raw.y == 0u) {
        rows[i] = PADDED;
        if (params.wanted == 1u) {
            unknown[params.first_unknown + work] = NONE;
        }
        return;
    }
    let id = virtual_id(raw.x, raw.y);
    var bucket = first_bucket(id, feature.buckets);
    var row = NONE;
    for (var probe = 0u; probe < min(PROBES, feature.buckets); probe++) {
        let at = 4u * (feature.first_bucket + bucket);
        let low = places[at];
        let high = places[at + 1u];
        // its place, counted from 1: an id is in one at most
        let in_low = dot(vec4<u32>(1u, 2u, 3u, 4u), vec4<u32>(low == vec4<u32>(id)));
        let in_high = dot(vec4<u32>(5u, 6u, 7u, 8u), vec4<u32>(high == vec4<u32>(id)));
        let place = in_low + in_high;
        if (place > 0u) {
            row = places[at + 2u + (place - 1u) / 4u][(place - 1u) % 4u];
            break;
        }
        // no id went on from a bucket whose last place is free
        if (high.w == 0u) {
            break;
        }
        bucket = next_bucket(bucket, id, feature.buckets);
    }
    rows[i] = row;
    if (params.wanted == 1u) {
        unknown[params.first_unknown + work] = select(NONE, id, row == NONE);
    }
    if (row == NONE) {
        atomicAdd(&strangers[params.table], 1u);
    }
}
