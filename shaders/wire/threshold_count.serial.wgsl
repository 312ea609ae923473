// threshold_count for software adapters: one thread a tile.

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
    let threshold = thresholds[segments[tile]];
    var count = 0u;
    var largest = 0u;
    for (var i = 0u; i < params.tile; i++) {
        let size = values[tile * params.tile + i] & 0x7fffffffu;
        count += u32(is_sent(size, threshold));
        largest = max(largest, size);
    }
    counts[tile] = count;
    sizes[tile] = largest;
}
