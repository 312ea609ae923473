// The key of each id's row: rows of one dimension lie in one table, in runs. A thread takes a bag.

@compute @workgroup_size(WORKGROUP)
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) lane: u32,
) {
    let bag = group_index(group, groups) * WORKGROUP + lane;
    if (bag >= params.bags || refused(status.bad_position, status.bad_offset)) {
        return;
    }
    let feature = features[bag / params.batch];
    let end = offsets[bag + 1u];
    for (var p = offsets[bag]; p < end; p++) {
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
        let absent = id >= feature.rows || id == feature.padding;
        keys[p] = select(runs[low].y + (id - runs[low].x), NONE, absent);
    }
}
