// Rows that leave become free.

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
    let leaves = credit[i] != NONE;
    if (leaves) {
        row_ids[rows[i]] = 0u;
        left[params.before + i] = rows[i];
    }
    // the last one that leaves knows how many did
    var next = false;
    if (i + 1u < params.len) {
        next = credit[i + 1u] != NONE;
    }
    if (leaves && !next) {
        gone[0] = i + 1u;
    }
    if (i == 0u && !leaves) {
        gone[0] = 0u;
    }
}
