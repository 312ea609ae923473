// The slots of a bag's chunks by the windows of the store that they lie in. A thread takes one chunk of all
// rows of a bag; neighbours take other bags, so that as many rows are on their way, and the next neighbours
// the next chunks of these.

override NEIGHBOURS: u32;

@compute @workgroup_size(WORKGROUP)
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) thread: u32,
) {
    let work = group_index(group, groups) * WORKGROUP + thread;
    let item = work / NEIGHBOURS / params.chunks * NEIGHBOURS + work % NEIGHBOURS;
    if (item >= params.bags || refused(status.bad_position, status.bad_offset)) {
        return;
    }
    let column = work / NEIGHBOURS % params.chunks;
    let feature = features[find_feature(column * params.bags)];
    let chunk = column - feature.work_begin / params.bags;
    let slots_from = feature.slots_base + chunk;
    let begin = offsets[feature.first_bag + item];
    let end = offsets[feature.first_bag + item + 1u];
    let windows = vec4<u32>(0u, 1u, 2u, 3u);
    let first = params.first_slot + windows * params.window_slots;
    let list = feature.lists_base + begin * feature.chunks + chunk;
    var next = list + windows * params.entries;
    for (var p = begin; p < end; p++) {
        let row = rows[p];
        let there = row != NONE;
        let slot = slots[select(0u, slots_from + row * feature.chunks, there)];
        // what has no slot, or one before the windows, is beyond them too
        if (there && slot - params.first_slot < params.slots) {
            // 1 for the window that it lies in
            let window = vec4<u32>(vec4<u32>(slot) - first < vec4<u32>(params.window_slots));
            lists[dot(next, window)] = slot - dot(first, window);
            next += window * feature.chunks;
        }
    }
    let at = (feature.work_begin + item * feature.chunks + chunk) * LIST;
    lists[at + LIST_BEGIN] = list;
    lists[at + LIST_STEP] = feature.chunks;
    lists[at + LIST_OUT] = feature.out_base + item * params.out_stride + chunk * params.width;
    lists[at + LIST_DIVISOR] = select(1u, max(end - begin, 1u), feature.pooling == POOL_MEAN);
    lists[at + LIST_ENDS] = next.x;
    lists[at + LIST_ENDS + 1u] = next.y;
    lists[at + LIST_ENDS + 2u] = next.z;
    lists[at + LIST_ENDS + 3u] = next.w;
}
