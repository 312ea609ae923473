// Marks the chunks with slots of the rows that leave; one mark more than chunks, which is 0.

@compute @workgroup_size(WORKGROUP)
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) thread: u32,
) {
    let i = group_index(group, groups) * WORKGROUP + thread;
    let all = params.len * params.chunks;
    if (i > all) {
        return;
    }
    var mark = false;
    if (i < all) {
        let row = i / params.chunks;
        mark = credit[row] != NONE && slots[rows[row] * params.chunks + i % params.chunks] != NONE;
    }
    marks[i] = u32(mark);
}
