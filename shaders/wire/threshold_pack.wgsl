// The values of a message one after the other, with their places, which count from the message's first tile. What does
// not arrive of a value stays in its place.

@compute @workgroup_size(WORKGROUP)
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) lane: u32,
) {
    let number = group_index(group, groups);
    let share = params.tile / WORKGROUP;
    let tile = params.first + min(number, params.tiles - 1u);
    let begin = tile * params.tile + lane * share;
    let threshold = thresholds[segments[tile]];
    var count = 0u;
    for (var i = begin; i < begin + share; i++) {
        count += u32(is_sent(bitcast<u32>(values[i]) & 0x7fffffffu, threshold));
    }
    var place = offsets[tile] + scanned(lane, count) - count;
    if (number >= params.tiles) {
        return;
    }
    for (var i = begin; i < begin + share; i++) {
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
