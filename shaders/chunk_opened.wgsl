// Counts what chunk_open did.
@group(0) @binding(0) var<storage, read> known: array<u32>;
@group(0) @binding(1) var<storage, read_write> counts: array<u32>;
// how many chunks are fresh
@group(0) @binding(2) var<storage, read_write> fresh_count: array<u32>;

struct Params {
    chunks: u32,
    table: u32,
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
    let taken = min(counts[0], (known[0] - counts[1u + params.table]) * params.chunks);
    fresh_count[0] = taken;
    counts[0] -= taken;
    counts[1u + params.table] = known[0];
}
