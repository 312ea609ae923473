// The key of each id's row: rows of one dimension lie in one table, in runs. A thread takes an id.

@compute @workgroup_size(WORKGROUP)
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) lane: u32,
) {
    let p = group_index(group, groups) * WORKGROUP + lane;
    if (p >= params.ids || refused(status.bad_position, status.bad_offset)) {
        return;
    }
    // the last feature whose ids begin at or before the position
    var feature = 0u;
    var beyond = params.features;
    while (beyond - feature > 1u) {
        let middle = (feature + beyond) / 2u;
        if (offsets[middle * params.batch] <= p) {
            feature = middle;
        } else {
            beyond = middle;
        }
    }
    let id = ids[p];
    // the last run that begins at or before the id
    var low = 0u;
    var high = params.runs;
    while (high - low > 1u) {
        let middle = (low + high) / 2u;
        if (runs[middle].x <= id) {
            low = middle;
        } else {
            high = middle;
        }
    }
    let absent = id >= features[feature].rows || id == features[feature].padding;
    keys[p] = select(runs[low].y + (id - runs[low].x), NONE, absent);
}
