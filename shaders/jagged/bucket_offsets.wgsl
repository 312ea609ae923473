// Where the segments of each bucket begin among the values that are sorted by bucket: values of a bucket are still in
// their old order, so that a segment's are together.
@group(0) @binding(0) var<storage, read> status: Status;
@group(0) @binding(1) var<storage, read> offsets: array<u32>;
// the buckets in ascending order, and where each value was before
@group(0) @binding(2) var<storage, read> keys: array<u32>;
@group(0) @binding(3) var<storage, read> positions: array<u32>;
@group(0) @binding(4) var<storage, read_write> out: array<u32>;

struct Params {
    len: u32,
    segments: u32,
    buckets: u32,
}
@group(1) @binding(0) var<uniform> params: Params;

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
