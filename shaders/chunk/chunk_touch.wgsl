// Rows of which a chunk left or came count as changed in this step, with what time has left of their
// utilities.

@compute @workgroup_size(WORKGROUP)
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) thread: u32,
) {
    let row = group_index(group, groups) * WORKGROUP + thread;
    if (row >= params.len) {
        return;
    }
    let begin = params.first + row * params.chunks;
    // the row's marked chunks, and the moving ones
    let first = max(places[begin], room[0]);
    let end = min(places[begin + params.chunks], room[0] + room[1]);
    if (first >= end) {
        return;
    }
    touch[row * params.words] = params.step;
    for (var c = 0u; c < params.chunks; c++) {
        utility[row * params.chunks + c] = effective[begin + c];
    }
}
