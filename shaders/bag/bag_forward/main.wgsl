// One thread for columns of a bag or, without pooling, of a position.
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
    let item = (work - feature.work_begin) / feature.lanes;
    let lane = (work - feature.work_begin) % feature.lanes;
    if (feature.pooling == POOL_NONE) {
        copy_rows(feature, item, lane);
    } else if (feature.pooling == POOL_MAX) {
        max_rows(feature, item, lane);
    } else {
        pool_rows(feature, item, lane);
    }
}
