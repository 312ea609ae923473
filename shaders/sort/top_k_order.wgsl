// Sorts the few values that each row has by how many are larger, or equal and before: a thread a value.

@compute @workgroup_size(WORKGROUP)
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) thread: u32,
) {
    let i = group_index(group, groups) * WORKGROUP + thread;
    if (i >= params.rows * params.k) {
        return;
    }
    let row = i / params.k;
    let first = row * params.k;
    let own = ordered(found_values[i]);
    var rank = 0u;
    for (var j = first; j < first + params.k; j++) {
        let other = ordered(found_values[j]);
        rank += select(0u, 1u, other > own || (other == own && j < i));
    }
    values[params.values_base + row * params.values_stride + rank] = found_values[i];
    columns[params.columns_base + first + rank] = found_columns[i];
}
