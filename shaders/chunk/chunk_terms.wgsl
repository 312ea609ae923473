// What row_update is given for chunks whose rows' gradients have been summed: the sorted keys, behind them
// how often the rows were there, and one term for each.

@compute @workgroup_size(WORKGROUP)
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) thread: u32,
) {
    let i = group_index(group, groups) * WORKGROUP + thread;
    let all = params.len * params.chunks;
    if (i >= all) {
        return;
    }
    let position = positions[i];
    keys[i] = sorted[i];
    // what lies behind the rows that occurred is none of ours
    keys[all + i] = max(occurrences[position / params.chunks], 1u);
    terms[i] = vec2<u32>(position * params.width, bitcast<u32>(1.0));
}
