// Marks the chunks that may leave, or come, in a stage of an adjustment: exclusive sums of the marks number them. One mark
// more than chunks, which is 0, makes the last sum their number.
@group(0) @binding(0) var<storage, read> effective: array<f32>;
@group(0) @binding(1) var<storage, read> thresholds: array<f32>;
@group(0) @binding(2) var<storage, read> slots: array<u32>;
@group(0) @binding(3) var<storage, read_write> marks: array<u32>;

struct Params {
    // chunks of the table's rows, and of one
    len: u32,
    chunks: u32,
    // of the table among those of all tables
    first: u32,
    stage: u32,
    // what comes must be worth this many times the threshold, and anything at all
    margin: f32,
    // the table's threshold, or the first of one for each chunk of a row
    threshold: u32,
    by_column: u32,
}
@group(1) @binding(0) var<uniform> params: Params;

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
