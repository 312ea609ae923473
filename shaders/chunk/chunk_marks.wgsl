// Marks the chunks that may leave, or come, in a stage of an adjustment: exclusive sums of the marks number
// them. One mark more than chunks, which is 0, makes the last sum their number.

@compute @workgroup_size(WORKGROUP)
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) thread: u32,
) {
    let i = group_index(group, groups) * WORKGROUP + thread;
    if (i > params.len) {
        return;
    }
    var mark = false;
    if (i < params.len) {
        let resident = slots[i] != NONE;
        let worth = effective[params.first + i];
        let threshold = thresholds[params.threshold + i % params.chunks * params.by_column];
        if (is_coming(params.stage)) {
            mark = !resident && worth > 0.0 && worth >= threshold * params.margin
                && (worth > threshold) == (params.stage == COME);
        } else {
            mark = resident && select(worth < threshold, worth == threshold, params.stage == YIELD);
        }
    }
    // the next table's first mark takes the place of this one's last
    marks[params.first + i] = u32(mark);
}
