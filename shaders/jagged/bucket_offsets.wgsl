// Where the segments of each bucket begin among the values that are sorted by bucket: values of a bucket are
// still in their old order, so that a segment's are together.

@compute @workgroup_size(WORKGROUP)
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) lane: u32,
) {
    let i = group_index(group, groups) * WORKGROUP + lane;
    if (i > params.segments * params.buckets) {
        return;
    }
    if (refused(status.bad_position, status.bad_offset)) {
        // what is made of refused segments is refused too
        out[i] = NONE;
        return;
    }
    let bucket = i / params.segments;
    let begin = offsets[i % params.segments];
    // the first value that does not come before them
    var low = 0u;
    var high = params.len;
    while (low < high) {
        let middle = low + (high - low) / 2u;
        if (keys[middle] < bucket || (keys[middle] == bucket && positions[middle] < begin)) {
            low = middle + 1u;
        } else {
            high = middle;
        }
    }
    out[i] = low;
}
