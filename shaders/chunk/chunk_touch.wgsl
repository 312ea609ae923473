// Rows of which a chunk left or came count as changed in this step, with what time has left of their utilities.
@group(0) @binding(0) var<storage, read> places: array<u32>;
@group(0) @binding(1) var<storage, read> room: array<u32>;
@group(0) @binding(2) var<storage, read> effective: array<f32>;
@group(0) @binding(3) var<storage, read_write> utility: array<f32>;
@group(0) @binding(4) var<storage, read_write> touch: array<u32>;

struct Params {
    // rows
    len: u32,
    chunks: u32,
    // the table's first chunk among those of all tables
    first: u32,
    step: u32,
    // words of a row in `touch`
    words: u32,
}
@group(1) @binding(0) var<uniform> params: Params;

@compute @workgroup_size(WORKGROUP)
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) thread: u32,
) {
    let row = group_index(group, groups) * WORKGROUP + thread;
    if (row >= params.len) {
        return;
    }
    let begin = params.first + row * params.chunks;
    // the row's marked chunks, and the moving ones
    let first = max(places[begin], room[0]);
    let end = min(places[begin + params.chunks], room[0] + room[1]);
    if (first >= end) {
        return;
    }
    touch[row * params.words] = params.step;
    for (var c = 0u; c < params.chunks; c++) {
        utility[row * params.chunks + c] = effective[begin + c];
    }
}
