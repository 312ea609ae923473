// The rows of a caller's gradient must ascend and be rows of the table; rows that are NONE come last and
// stand for nothing. The lowest wrong position is kept, and the number of rows.

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
    let row = rows[i];
    if (row == NONE) {
        return;
    }
    var bad = row >= params.table_rows;
    if (i > 0u) {
        bad = bad || rows[i - 1u] >= row;
    }
    if (bad) {
        atomicMin(&status[1], i);
    }
    var last = i + 1u == params.len;
    if (!last) {
        last = rows[i + 1u] == NONE;
    }
    // if there are several last rows, something is wrong anyway
    if (last) {
        total[0] = i + 1u;
    }
}
