// Chunks of new rows get slots from the top of the stack of free ones, as far as there are any. `fresh` lists
// them for chunk_reset: slot, virtual id of the row, number of the chunk, table.

@compute @workgroup_size(WORKGROUP)
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) thread: u32,
) {
    let i = group_index(group, groups) * WORKGROUP + thread;
    if (i >= min(params.len, admitted[0]) * params.chunks) {
        return;
    }
    let row = new_rows[i / params.chunks].x;
    let chunk = i % params.chunks;
    if (chunk == 0u) {
        touch[row * params.words] = params.step;
        if (params.words == 2u) {
            touch[row * 2u + 1u] = params.credit;
        }
    }
    if (i < free_count[0]) {
        let slot = free[free_count[0] - 1u - i];
        slots[row * params.chunks + chunk] = slot;
        fresh[i] = vec4<u32>(slot, new_rows[i / params.chunks].y, chunk, params.table);
    }
}
