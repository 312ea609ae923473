// Puts the ids of all rows into a directory that is empty.
@group(0) @binding(0) var<storage, read> row_ids: array<u32>;
@group(0) @binding(1) var<storage, read_write> places: array<atomic<u32>>;

struct Params {
    // rows
    len: u32,
    buckets: u32,
}
@group(1) @binding(0) var<uniform> params: Params;

@compute @workgroup_size(WORKGROUP)
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) thread: u32,
) {
    let row = group_index(group, groups) * WORKGROUP + thread;
    // a row without an id is free
    if (row < params.len && row_ids[row] != 0u) {
        insert(row_ids[row], row, params.buckets);
    }
}
