// Counts what chunk_move did.
@group(0) @binding(0) var<storage, read> places: array<u32>;
@group(0) @binding(1) var<storage, read_write> free_count: array<u32>;
// how many chunks left, or came and are fresh
@group(0) @binding(2) var<storage, read_write> moved: array<u32>;

struct Params {
    // chunks of all tables' rows
    len: u32,
    // 1: those that came, 0: those that left
    coming: u32,
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
    if (group_index(group, groups) * WORKGROUP + thread > 0u) {
        return;
    }
    let marked = places[params.len];
    let top = free_count[0];
    if (params.coming == 1u) {
        moved[0] = min(marked, top - min(top, params.spare));
        free_count[0] = top - moved[0];
    } else {
        moved[0] = marked;
        free_count[0] = top + marked;
    }
}
