// Chunks that leave put their slots on the stack of free ones; those that come take them from its top. See
// chunk_marks.wgsl for the numbers, chunk_room.wgsl for which of them move, and chunk_open.wgsl for `fresh`.

@compute @workgroup_size(WORKGROUP)
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) thread: u32,
) {
    let i = group_index(group, groups) * WORKGROUP + thread;
    if (i >= params.len) {
        return;
    }
    let place = places[params.first + i];
    if (places[params.first + i + 1u] == place) {
        return;
    }
    // beyond the moving ones if it is one that stays
    let number = place - room[0];
    if (number >= room[1]) {
        return;
    }
    if (is_coming(params.stage)) {
        let slot = free[room[2] - 1u - number];
        slots[i] = slot;
        fresh[room[3] + number] = vec4<u32>(slot, row_ids[i / params.chunks], i % params.chunks, params.table);
    } else {
        free[room[2] + number] = slots[i];
        slots[i] = NONE;
    }
}
