// New virtual ids, which ascend, get rows in their order, as far as there are any: first those that others
// left, the last one left first, then rows that were never in use.

@compute @workgroup_size(WORKGROUP)
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) thread: u32,
) {
    let i = group_index(group, groups) * WORKGROUP + thread;
    let room = counts[1] + params.capacity - counts[0];
    if (i >= min(params.len, total[0]) || i >= room) {
        return;
    }
    var row = counts[0] + i - counts[1];
    if (i < counts[1]) {
        row = left[counts[1] - 1u - i];
    }
    let id = new_ids[i];
    row_ids[row] = id;
    new_rows[i] = vec2<u32>(row, id);
    insert(id, row, params.buckets);
}
