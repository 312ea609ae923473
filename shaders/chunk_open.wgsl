// Chunks of rows that are new to a table get slots from the top of the stack of free ones, as far as there are any.
// `fresh` lists them for chunk_reset: slot, virtual id of the row, number of the chunk, table.
@group(0) @binding(0) var<storage, read> known: array<u32>;
@group(0) @binding(1) var<storage, read> row_ids: array<u32>;
// free slots, and rows of each table that were opened
@group(0) @binding(2) var<storage, read> counts: array<u32>;
@group(0) @binding(3) var<storage, read> free: array<u32>;
@group(0) @binding(4) var<storage, read_write> slots: array<u32>;
@group(0) @binding(5) var<storage, read_write> fresh: array<vec4<u32>>;

struct Params {
    // no fewer than the new rows
    len: u32,
    chunks: u32,
    first_chunk: u32,
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
    let opened = counts[1u + params.table];
    let row = opened + i / params.chunks;
    if (i >= params.len * params.chunks || row >= known[0] || i >= counts[0]) {
        return;
    }
    let slot = free[counts[0] - 1u - i];
    slots[params.first_chunk + opened * params.chunks + i] = slot;
    fresh[i] = vec4<u32>(slot, row_ids[row], i % params.chunks, params.table);
}
