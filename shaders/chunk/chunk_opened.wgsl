// Counts what chunk_open did.
@group(0) @binding(0) var<storage, read> admitted: array<u32>;
@group(0) @binding(1) var<storage, read_write> free_count: array<u32>;
// how many chunks are fresh
@group(0) @binding(2) var<storage, read_write> fresh_count: array<u32>;

struct Params {
    chunks: u32,
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
    let taken = min(free_count[0], admitted[0] * params.chunks);
    fresh_count[0] = taken;
    free_count[0] -= taken;
}
