// linear_cooperative without cooperative matrices, for tests.
@compute @workgroup_size(WORKGROUP)
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) thread: u32,
) {
    product(group_index(group, groups), thread, thread / 32u);
}
