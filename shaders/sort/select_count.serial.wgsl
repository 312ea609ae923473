// select_count for software adapters: one thread a tile.

@compute @workgroup_size(WORKGROUP)
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) lane: u32,
) {
    var own: array<u32, 256>;
    for (var digit = 0u; digit < 256u; digit++) {
        own[digit] = 0u;
    }
    let begin = min((group_index(group, groups) * WORKGROUP + lane) * params.tile, params.len);
    let end = min(begin + params.tile, params.len);
    for (var i = begin; i < end; i++) {
        let key = keys[params.first + i * params.stride] & params.significant;
        if (((key ^ found[0]) & params.mask) == 0u) {
            own[(key >> params.shift) & 255u] += 1u;
        }
    }
    if (begin == end) {
        return;
    }
    for (var digit = 0u; digit < 256u; digit++) {
        if (own[digit] > 0u) {
            atomicAdd(&counts[digit], own[digit]);
        }
    }
}
