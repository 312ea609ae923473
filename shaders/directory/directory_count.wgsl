// Counts what directory_admit did.

@compute @workgroup_size(WORKGROUP)
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) thread: u32,
) {
    if (group_index(group, groups) * WORKGROUP + thread > 0u) {
        return;
    }
    let got = min(total[0], counts[1] + params.capacity - counts[0]);
    let again = min(got, counts[1]);
    counts[0] += got - again;
    counts[1] -= again;
    counts[2] += total[0] - got;
    admitted[0] = got;
}
