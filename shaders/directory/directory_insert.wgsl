// Puts the ids of all rows into a directory that is empty.

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
