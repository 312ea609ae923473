// Chunks that leave put their slots on the stack of free ones; those that come take them from its top, as far as there
// are any. See chunk_marks.wgsl for the numbers, and chunk_open.wgsl for `fresh`.
@group(0) @binding(0) var<storage, read> places: array<u32>;
@group(0) @binding(1) var<storage, read> row_ids: array<u32>;
@group(0) @binding(2) var<storage, read> free_count: array<u32>;
@group(0) @binding(3) var<storage, read_write> free: array<u32>;
@group(0) @binding(4) var<storage, read_write> slots: array<u32>;
@group(0) @binding(5) var<storage, read_write> fresh: array<vec4<u32>>;

struct Params {
    // chunks of the table's rows
    len: u32,
    chunks: u32,
    // of the table among those of all tables
    first: u32,
    // 1: those that come, 0: those that leave
    coming: u32,
    table: u32,
    // slots that stay free
    spare: u32,
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
    let top = free_count[0];
    if (params.coming == 0u) {
        free[top + place] = slots[i];
        slots[i] = NONE;
    } else if (place < top - min(top, params.spare)) {
        let slot = free[top - 1u - place];
        slots[i] = slot;
        fresh[place] = vec4<u32>(slot, row_ids[i / params.chunks], i % params.chunks, params.table);
    }
}
