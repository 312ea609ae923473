// The sum of the slices of a matrix product, in their order, finished as if it had been one.

@compute @workgroup_size(WORKGROUP)
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) thread: u32,
) {
    let size = params.m * params.n;
    let i = group_index(group, groups) * WORKGROUP + thread;
    if (i >= size) {
        return;
    }
    var sum = slices[i];
    for (var s = 1u; s < params.slices; s++) {
        sum += slices[s * size + i];
    }
    let n = i % params.n;
    finish(params.out_base + i / params.n * params.out_stride + n, n, sum);
}
