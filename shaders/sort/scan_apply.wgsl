// The second half of a reduce-then-scan: each value becomes the sum of those before it.

@compute @workgroup_size(WORKGROUP)
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) lane: u32,
) {
    let block = group_index(group, groups);
    let share = params.block / WORKGROUP;
    let begin = min(block * params.block + lane * share, params.len);
    let end = min(begin + share, params.len);
    var sum = 0u;
    for (var i = begin; i < end; i++) {
        sum += values[i];
    }
    var running = scanned(lane, sum) - sum;
    if (params.carry == 1u && begin < params.len) {
        running += sums[block];
    }
    for (var i = begin; i < end; i++) {
        let value = values[i];
        values[i] = running;
        running += value;
    }
}
