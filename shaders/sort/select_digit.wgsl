// The digit that the wanted key has, from the counts of all digits, which become 0 again.

@compute @workgroup_size(WORKGROUP)
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) lane: u32,
) {
    if (group_index(group, groups) * WORKGROUP + lane > 0u) {
        return;
    }
    var rank = found[1];
    var digit = 256u;
    for (var d = 0u; d < 256u; d++) {
        let count = counts[d];
        counts[d] = 0u;
        if (digit == 256u) {
            if (rank < count) {
                digit = d;
            } else {
                rank -= count;
            }
        }
    }
    found[0] |= min(digit, 255u) << params.shift;
    found[1] = rank;
}
