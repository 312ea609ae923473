// Looks the chunks of rows up and pools them: a thread sums four columns over the rows of a bag. Rows that
// are not there and chunks without a slot are zeros.

@compute @workgroup_size(WORKGROUP)
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) thread: u32,
) {
    let work = group_index(group, groups) * WORKGROUP + thread;
    if (work >= params.work || refused(status.bad_position, status.bad_offset)) {
        return;
    }
    let feature = features[find_feature(work)];
    let lanes = feature.chunks * params.width / 4u;
    let item = (work - feature.work_begin) / lanes;
    let column = (work - feature.work_begin) % lanes * 4u;
    let first = (params.base + column % params.width) / 4u;
    let slots_from = feature.slots_base + column / params.width;
    let begin = offsets[feature.first_bag + item];
    let end = offsets[feature.first_bag + item + 1u];
    var sum = vec4<f32>();
    for (var p = begin; p < end; p++) {
        let row = rows[p];
        if (row == NONE) {
            continue;
        }
        // what has no slot, or one before the window, is beyond it too
        let slot = slots[slots_from + row * feature.chunks] - params.first_slot;
        if (slot < params.slots) {
            sum += store[first + slot * (params.width / 4u)];
        }
    }
    if (feature.mean == 1u) {
        sum /= f32(max(end - begin, 1u));
    }
    let at = feature.out_base + item * params.out_stride + column;
    if (params.initial == 0u) {
        sum = load_out(at, 4u) + sum;
    }
    store_out(at, 4u, sum);
}
