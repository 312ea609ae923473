// Counts a tile's keys by digit: histogram[digit * tiles + tile].

// Four counters a digit, for a quarter of the threads each: equal keys wait less for each other.
const COPIES: u32 = 4u;
// at most 256 digits here
const DIGITS: u32 = 256u;
var<workgroup> counts: array<atomic<u32>, COPIES * DIGITS>;

@compute @workgroup_size(WORKGROUP)
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) lane: u32,
) {
    let tile = group_index(group, groups);
    for (var i = lane; i < COPIES * DIGITS; i += WORKGROUP) {
        atomicStore(&counts[i], 0u);
    }
    workgroupBarrier();
    let begin = min(tile * params.tile, params.len);
    let end = min(begin + params.tile, params.len);
    let copy = (lane % COPIES) * DIGITS;
    for (var i = begin + lane; i < end; i += WORKGROUP) {
        atomicAdd(&counts[copy + digit_of(keys[i])], 1u);
    }
    workgroupBarrier();
    if (tile < params.tiles) {
        for (var digit = lane; digit < params.digits; digit += WORKGROUP) {
            var count = 0u;
            for (var copy = 0u; copy < COPIES; copy++) {
                count += atomicLoad(&counts[copy * DIGITS + digit]);
            }
            histogram[digit * params.tiles + tile] = count;
        }
    }
}
