// A device batch's offsets must begin at 0, never fall, end at the number of ids and agree with the counts of the
// features' ids, if there are any, and no bag may be longer than the device can walk; the lowest wrong one is kept.
@group(0) @binding(0) var<storage, read_write> status: array<atomic<u32>>;
@group(0) @binding(1) var<storage, read> offsets: array<u32>;
@group(0) @binding(2) var<storage, read> begins: array<u32>;

struct Params {
    bags: u32,
    ids: u32,
    batch: u32,
    // ids in the longest bag allowed
    longest: u32,
    // 1: `begins` holds what the offsets must be at every batch-th place
    counted: u32,
}
@group(1) @binding(0) var<uniform> params: Params;

@compute @workgroup_size(WORKGROUP)
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) lane: u32,
) {
    let i = group_index(group, groups) * WORKGROUP + lane;
    if (i > params.bags) {
        return;
    }
    var least = 0u;
    if (i > 0u) {
        least = offsets[i - 1u];
    }
    var most = params.ids;
    if (i == 0u) {
        most = 0u;
    }
    let offset = offsets[i];
    // a fall wraps around, and is bad anyway
    var bad = offset - least > params.longest;
    bad = bad || offset < least || offset > most || (i == params.bags && offset != params.ids);
    if (params.counted == 1u && i % params.batch == 0u) {
        bad = bad || offset != begins[i / params.batch];
    }
    if (bad) {
        atomicMin(&status[1], i);
    }
}
