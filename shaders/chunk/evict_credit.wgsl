// What each row of a table is kept for: those of the smallest numbers leave. Free rows do not, and have the largest.
@group(0) @binding(0) var<storage, read> row_ids: array<u32>;
// of each row the step that it was last changed in, and what else it is kept for
@group(0) @binding(1) var<storage, read> touch: array<u32>;
@group(0) @binding(2) var<storage, read> utility: array<f32>;
@group(0) @binding(3) var<storage, read_write> credit: array<u32>;

struct Params {
    // rows
    len: u32,
    chunks: u32,
    // one of the constants below
    policy: u32,
    step: u32,
    decay: f32,
    // of the age, for a count by distance
    power: f32,
    // words of a row in `touch`
    words: u32,
}
@group(1) @binding(0) var<uniform> params: Params;

// How often a row occurred, or when it came.
const WORD: u32 = 0u;
// When it was last changed.
const RECENT: u32 = 1u;
// How often it occurred, by a power of the time since it was last changed.
const DISTANCE: u32 = 2u;
// The sum of its chunks' utilities.
const UTILITY: u32 = 3u;

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
    let stamp = touch[row * params.words];
    var own = stamp;
    if (params.policy == WORD) {
        own = touch[row * params.words + 1u];
    }
    if (params.policy == DISTANCE) {
        let since = params.step - stamp;
        let age = f32(select(since + 1u, since, since == 0xffffffffu));
        let count = f32(touch[row * params.words + 1u]);
        own = bitcast<u32>(count * exp_2(-min(params.power * log_2(age), 126.0)));
    }
    if (params.policy == UTILITY) {
        var sum = 0.0;
        for (var c = 0u; c < params.chunks; c++) {
            sum += utility[row * params.chunks + c];
        }
        own = bitcast<u32>(sum * power(params.decay, params.step - stamp));
    }
    credit[row] = select(min(own, NONE - 1u), NONE, row_ids[row] == 0u);
}
