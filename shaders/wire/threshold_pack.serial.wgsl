// threshold_pack for software adapters: one thread a tile.

@compute @workgroup_size(WORKGROUP)
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) lane: u32,
) {
    let number = group_index(group, groups) * WORKGROUP + lane;
    if (number >= params.tiles) {
        return;
    }
    let tile = params.first + number;
    let threshold = thresholds[segments[tile]];
    var place = offsets[tile];
    for (var i = tile * params.tile; i < (tile + 1u) * params.tile; i++) {
        let value = values[i];
        if (is_sent(bitcast<u32>(value) & 0x7fffffffu, threshold)) {
            let sent = arriving(value);
            indices[place] = i - params.first * params.tile;
            packed[place] = sent;
            values[i] = value - sent;
            place++;
        }
    }
}
