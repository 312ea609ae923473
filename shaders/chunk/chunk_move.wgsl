// Chunks that leave put their slots on the stack of free ones; those that come take them from its top. See chunk_marks.wgsl
// for the numbers, chunk_room.wgsl for which of them move, and chunk_open.wgsl for `fresh`.
@group(0) @binding(0) var<storage, read> places: array<u32>;
@group(0) @binding(1) var<storage, read> row_ids: array<u32>;
@group(0) @binding(2) var<storage, read> room: array<u32>;
@group(0) @binding(3) var<storage, read_write> free: array<u32>;
@group(0) @binding(4) var<storage, read_write> slots: array<u32>;
@group(0) @binding(5) var<storage, read_write> fresh: array<vec4<u32>>;

struct Params {
    // chunks of the table's rows
    len: u32,
    chunks: u32,
    // of the table among those of all tables
    first: u32,
    stage: u32,
    table: u32,
}
@group(1) @binding(0) var<uniform> params: Params;

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
