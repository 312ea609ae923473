// A device batch's offsets must begin at 0, never fall, end at the number of ids (or before it) and agree with
// the counts of the features' ids, if there are any, and no bag may be longer than the device can walk; the
// lowest wrong one is kept.

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
    bad = bad || offset < least || offset > most || (i == params.bags && params.room == 0u && offset != params.ids);
    if (params.counted == 1u && i % params.batch == 0u) {
        bad = bad || offset != begins[i / params.batch];
    }
    if (bad) {
        atomicMin(&status[1], i);
    }
}
