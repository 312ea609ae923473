// How many of the marked chunks move, and between which places of the stack of free slots. Chunks that are
// worth just the threshold yield only as far as those worth more find no free slot, the last of them first.

@compute @workgroup_size(WORKGROUP)
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) thread: u32,
) {
    if (group_index(group, groups) * WORKGROUP + thread > 0u) {
        return;
    }
    let marked = places[params.len];
    let free = free_count[0];
    var stay = 0u;
    var moving = marked;
    if (params.stage == YIELD) {
        let coming = comers[params.len];
        let usable = free - min(free, params.spare);
        moving = min(marked, coming - min(coming, usable));
        stay = marked - moving;
        progress[2] = usable + moving;
    }
    room[3] = progress[0];
    if (is_coming(params.stage)) {
        moving = min(marked, progress[2]);
        progress[2] -= moving;
        progress[0] += moving;
        free_count[0] = free - moving;
    } else {
        progress[1] += moving;
        free_count[0] = free + moving;
    }
    room[0] = stay;
    room[1] = moving;
    room[2] = free;
}
