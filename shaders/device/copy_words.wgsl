// How fast a kernel reads and writes memory: four vectors a thread, those of a workgroup side by side.

@compute @workgroup_size(WORKGROUP)
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) thread: u32,
) {
    let i = group_index(group, groups) * (4u * WORKGROUP) + thread;
    let last = params.quads - 1u;
    let a = source[min(i, last)];
    let b = source[min(i + WORKGROUP, last)];
    let c = source[min(i + 2u * WORKGROUP, last)];
    let d = source[min(i + 3u * WORKGROUP, last)];
    if (i < params.quads) {
        out[i] = a;
    }
    if (i + WORKGROUP < params.quads) {
        out[i + WORKGROUP] = b;
    }
    if (i + 2u * WORKGROUP < params.quads) {
        out[i + 2u * WORKGROUP] = c;
    }
    if (i + 3u * WORKGROUP < params.quads) {
        out[i + 3u * WORKGROUP] = d;
    }
}
