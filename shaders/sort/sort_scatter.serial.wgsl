// sort_scatter for software adapters: one thread a tile.

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
    var places: array<u32, 256>;
    var before = 0u;
    for (var digit = 0u; digit < params.digits; digit++) {
        places[digit] = before + histogram[digit * params.tiles + tile];
        before += histogram[params.digits * params.tiles + digit];
    }
    let begin = min(tile * params.tile, params.len);
    let end = min(begin + params.tile, params.len);
    for (var i = begin; i < end; i++) {
        let digit = digit_of(keys_in[i]);
        let place = places[digit];
        places[digit] = place + 1u;
        move_to(place, i);
    }
}
