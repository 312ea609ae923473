// What each row of a table is kept for: those of the smallest numbers leave. Free rows do not, and have the
// largest.

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
