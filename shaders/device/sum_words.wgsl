// How fast a kernel reads memory: the sum of the words that a workgroup reads, sixteen vectors a thread.

const AT_ONCE: u32 = 4u;
const ROUNDS: u32 = 4u;

var<workgroup> total: atomic<u32>;

@compute @workgroup_size(WORKGROUP)
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) thread: u32,
) {
    let g = group_index(group, groups);
    if (thread == 0u) {
        atomicStore(&total, 0u);
    }
    workgroupBarrier();
    let end = params.quads;
    let last = end - 1u;
    var sum = vec4<u32>();
    for (var round = 0u; round < ROUNDS; round++) {
        let i = (g * ROUNDS + round) * (AT_ONCE * WORKGROUP) + thread;
        let a = source[min(i, last)];
        let b = source[min(i + WORKGROUP, last)];
        let c = source[min(i + 2u * WORKGROUP, last)];
        let d = source[min(i + 3u * WORKGROUP, last)];
        sum += select(vec4<u32>(), a, i < end);
        sum += select(vec4<u32>(), b, i + WORKGROUP < end);
        sum += select(vec4<u32>(), c, i + 2u * WORKGROUP < end);
        sum += select(vec4<u32>(), d, i + 3u * WORKGROUP < end);
    }
    atomicAdd(&total, sum.x + sum.y + sum.z + sum.w);
    workgroupBarrier();
    if (thread == 0u && g < params.groups) {
        sums[g] = atomicLoad(&total);
    }
}
