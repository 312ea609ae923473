// The sum of the slices of a product of 8-bit codes, finished as if it had been one: four outputs a thread,
// which may become one word of codes.

@compute @workgroup_size(WORKGROUP)
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) thread: u32,
) {
    let fours = (params.n + 3u) / 4u;
    let i = group_index(group, groups) * WORKGROUP + thread;
    let m = i / fours;
    let n = i % fours * 4u;
    if (m >= params.m) {
        return;
    }
    var sums = vec4<i32>();
    for (var s = 0u; s < params.slices; s++) {
        let at = (s * params.m + m) * params.n + n;
        let left = params.n - n;
        sums += vec4<i32>(
            slices[at],
            select(0, slices[at + 1u], left > 1u),
            select(0, slices[at + 2u], left > 2u),
            select(0, slices[at + 3u], left > 3u),
        );
    }
    finish_outputs(params.out_base + m * params.out_stride, n, sums);
}
