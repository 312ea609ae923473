// In which bucket each value belongs, and what it is there: a feature's rows are cut into blocks, one a
// bucket. Values beyond the last block go round all buckets.

@compute @workgroup_size(WORKGROUP)
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) lane: u32,
) {
    let i = group_index(group, groups) * WORKGROUP + lane;
    if (i >= params.len || refused(status.bad_position, status.bad_offset)) {
        return;
    }
    // the last feature that begins at or before i: features without values before it have the same begin
    var low = 0u;
    var high = params.features;
    while (high - low > 1u) {
        let middle = (low + high) / 2u;
        if (offsets[middle * params.batch] <= i) {
            low = middle;
        } else {
            high = middle;
        }
    }
    let value = values[i];
    let block = blocks[low];
    var key = value / block;
    var rest = value % block;
    if (key >= params.buckets) {
        key = value % params.buckets;
        rest = value / params.buckets;
    }
    keys[i] = key;
    locals[i] = rest;
}
