// chunk_forward for software adapters, for chunks of sixteens of columns: a thread sums sixteen of them, so
// that rows and slots are read less often.

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
    let lanes = feature.chunks * params.width / 16u;
    let item = (work - feature.work_begin) / lanes;
    let column = (work - feature.work_begin) % lanes * 16u;
    let first = (params.base + column % params.width) / 4u;
    let slots_from = feature.slots_base + column / params.width;
    let begin = offsets[feature.first_bag + item];
    let end = offsets[feature.first_bag + item + 1u];
    var a = vec4<f32>();
    var b = vec4<f32>();
    var c = vec4<f32>();
    var d = vec4<f32>();
    for (var p = begin; p < end; p++) {
        let row = rows[p];
        let there = row != NONE;
        let slot = slots[select(0u, slots_from + row * feature.chunks, there)] - params.first_slot;
        // one condition: both sides of each are executed
        if (there && slot < params.slots) {
            let at = first + slot * (params.width / 4u);
            a += store[at];
            b += store[at + 1u];
            c += store[at + 2u];
            d += store[at + 3u];
        }
    }
    // dividing by one changes nothing
    let divisor = f32(select(1u, max(end - begin, 1u), feature.mean == 1u));
    let at = feature.out_base + item * params.out_stride + column;
    put(at, a / divisor);
    put(at + 4u, b / divisor);
    put(at + 8u, c / divisor);
    put(at + 12u, d / divisor);
}

// Adds to what earlier windows wrote, or writes.
fn put(e: u32, value: vec4<f32>) {
    if (params.initial == 1u) {
        store_out(e, 4u, value);
    } else {
        store_out(e, 4u, load_out(e, 4u) + value);
    }
}
