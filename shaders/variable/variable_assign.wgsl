// Rows of differing dimensions take new values: of equal keys, which are sorted, the last one's. `lanes`
// threads share a row.

@compute @workgroup_size(WORKGROUP)
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) thread: u32,
) {
    let index = group_index(group, groups) * WORKGROUP + thread;
    let i = index / params.lanes;
    if (i >= params.len) {
        return;
    }
    let key = keys[i];
    if (key < params.key_begin || key >= params.key_end) {
        return;
    }
    if (i + 1u < params.len) {
        if (keys[i + 1u] == key) {
            return;
        }
    }
    let part = parts[find_part(key)];
    let source = terms[i].x / WIDTH;
    let to = (part.base + (key - part.key_first) * part.stride) / WIDTH;
    for (var column = index % params.lanes; column < part.dim / WIDTH; column += params.lanes) {
        rows[to + column] = values[source + column];
    }
}
