// How many of the marked chunks move, and between which places of the stack of free slots. Chunks that are worth just the
// threshold yield only as far as those worth more find no free slot, the last of them first.
@group(0) @binding(0) var<storage, read> places: array<u32>;
// exclusive sums of the marks of those that come, of use if chunks yield to them
@group(0) @binding(1) var<storage, read> comers: array<u32>;
@group(0) @binding(2) var<storage, read_write> free_count: array<u32>;
// how many chunks came so far and how many left, slots for more that come
@group(0) @binding(3) var<storage, read_write> progress: array<u32>;
// marked ones that stay where they are, those that move, free slots before, those that came before
@group(0) @binding(4) var<storage, read_write> room: array<u32>;

struct Params {
    // chunks of all tables' rows
    len: u32,
    stage: u32,
    // slots that stay free, if as many are before chunks yield
    spare: u32,
}
@group(1) @binding(0) var<uniform> params: Params;

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
