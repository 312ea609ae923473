// One step of an optimizer over a whole parameter, four elements a thread.

@compute @workgroup_size(WORKGROUP)
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) thread: u32,
) {
    let q = group_index(group, groups) * WORKGROUP + thread;
    if (q >= params.quads) {
        return;
    }
    let w = weights[q];
    weights[q] = updated(q, w, grad[q] + w * params.l2);
}
