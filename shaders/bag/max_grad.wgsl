// The gradient of maxima for every position: that of the bag's output in the columns where the position was
// the largest, zero elsewhere.

@compute @workgroup_size(WORKGROUP)
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) lane: u32,
) {
    let i = group_index(group, groups) * WORKGROUP + lane;
    if (i >= params.values || refused(status.bad_position, status.bad_offset)) {
        return;
    }
    let position = offsets[params.first_bag] + i / params.dim;
    let column = i % params.dim;
    // the last bag that begins at or before the position
    var low = 0u;
    var high = params.bags;
    while (high - low > 1u) {
        let middle = (low + high) / 2u;
        if (offsets[params.first_bag + middle] <= position) {
            low = middle;
        } else {
            high = middle;
        }
    }
    let largest = places[low * params.dim + column] == position;
    out[i] = select(0.0, grad[params.grad_base + low * params.grad_stride + column], largest);
}
