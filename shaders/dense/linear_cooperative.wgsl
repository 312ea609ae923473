// The product behind linear layers of 16-bit weights, with activations rounded to 16 bits, by cooperative
// matrices. Subgroups are of 32 threads.
@compute @workgroup_size(WORKGROUP)
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) thread: u32,
    @builtin(subgroup_id) subgroup: u32,
) {
    product(group_index(group, groups), thread, subgroup);
}
