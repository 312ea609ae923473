// A device batch's ids must be rows of their tables, or the padding id; the lowest wrong position is kept, or
// the wrong ones are counted. NONE is no row of any table, and as a padding it means that there is none.

@compute @workgroup_size(WORKGROUP)
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) lane: u32,
) {
    let p = group_index(group, groups) * WORKGROUP + lane;
    if (p >= params.ids || atomicLoad(&status[1]) != NONE) {
        return;
    }
    // ids behind the last bag are not checked
    if (p >= offsets[params.features * params.batch]) {
        return;
    }
    // the last feature that begins at or before p: features without ids before it have the same begin
    var low = 0u;
    var high = params.features;
    while (high - low > 1u) {
        let middle = (low + high) / 2u;
        if (offsets[middle * params.batch] <= p) {
            low = middle;
        } else {
            high = middle;
        }
    }
    let feature = features[low];
    let id = ids[p];
    if (params.pruned == 1u && id == NONE) {
        return;
    }
    if (id >= feature.rows && (id != feature.padding || id == NONE)) {
        if (params.skip == 1u) {
            atomicAdd(&status[2], 1u);
        } else {
            atomicMin(&status[0], p);
        }
    }
}
