// One thread for COLUMNS columns of a bag or, without pooling, of a position.
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
    let lanes = feature.chunks * params.width / COLUMNS;
    let item = (work - feature.work_begin) / lanes;
    let column = (work - feature.work_begin) % lanes * COLUMNS;
    let first = params.base + column % params.width;
    let slots_from = feature.slots_base + column / params.width;
    let at = feature.out_base + item * params.out_stride + column;
    pool(feature, bag_ids(feature, item), first, slots_from, at);
}
