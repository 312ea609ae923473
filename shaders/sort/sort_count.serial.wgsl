// sort_count for software adapters: one thread a tile, with counters of its own.

@compute @workgroup_size(WORKGROUP)
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) lane: u32,
) {
    let tile = group_index(group, groups) * WORKGROUP + lane;
    if (tile >= params.tiles) {
        return;
    }
    var counts: array<u32, 256>;
    for (var digit = 0u; digit < params.digits; digit++) {
        counts[digit] = 0u;
    }
    let begin = min(tile * params.tile, params.len);
    let end = min(begin + params.tile, params.len);
    for (var i = begin; i < end; i++) {
        counts[digit_of(keys[i])] += 1u;
    }
    for (var digit = 0u; digit < params.digits; digit++) {
        histogram[digit * params.tiles + tile] = counts[digit];
    }
}
