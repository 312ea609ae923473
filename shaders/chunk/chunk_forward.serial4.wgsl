// chunk_forward for software adapters, with chunks of any width.

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
    let first = params.base + column % params.width;
    let slots_from = feature.slots_base + column / params.width;
    let bag = bag_ids(feature, item);
    var sum = vec4<f32>();
    var count = 0u;
    for (var p = bag.begin; p < bag.end; p++) {
        let row = rows[p];
        count += u32(row != PADDED);
        if (row >= PADDED) {
            continue;
        }
        // what has no slot, or one before the window, is beyond it too
        let slot = slots[slots_from + row * feature.chunks] - params.first_slot;
        if (slot < params.slots) {
            let value = load_store(first + slot * params.width);
            if (params.weights > 0u) {
                sum += value * weight_of(p);
            } else {
                sum += value;
            }
        }
    }
    if (feature.pooling == POOL_MEAN) {
        sum /= f32(max(count, 1u));
    }
    let at = feature.out_base + item * params.out_stride + column;
    if (params.initial == 0u) {
        sum = load_out(at, 4u) + sum;
    }
    store_out(at, 4u, sum);
}
