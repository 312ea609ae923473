// Counts keys by a digit of 8 bits, of those whose higher bits are the ones found so far.

var<workgroup> own: array<atomic<u32>, 256>;

@compute @workgroup_size(WORKGROUP)
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) lane: u32,
) {
    // a thread for each digit
    atomicStore(&own[lane], 0u);
    workgroupBarrier();
    let begin = min(group_index(group, groups) * params.tile, params.len);
    let end = min(begin + params.tile, params.len);
    for (var i = begin + lane; i < end; i += WORKGROUP) {
        let key = keys[params.first + i * params.stride] & params.significant;
        if (((key ^ found[0]) & params.mask) == 0u) {
            atomicAdd(&own[(key >> params.shift) & 255u], 1u);
        }
    }
    workgroupBarrier();
    let count = atomicLoad(&own[lane]);
    if (count > 0u) {
        atomicAdd(&counts[lane], count);
    }
}
