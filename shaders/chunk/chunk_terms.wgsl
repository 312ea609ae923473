// What row_update is given for chunks whose rows' gradients have been summed: the sorted keys, behind them how often the
// rows were there, and one term for each.
@group(0) @binding(0) var<storage, read> sorted: array<u32>;
// of each key where it was before
@group(0) @binding(1) var<storage, read> positions: array<u32>;
@group(0) @binding(2) var<storage, read> occurrences: array<u32>;
@group(0) @binding(3) var<storage, read_write> keys: array<u32>;
@group(0) @binding(4) var<storage, read_write> terms: array<vec2<u32>>;

struct Params {
    // rows, and chunks of a row
    len: u32,
    chunks: u32,
    width: u32,
}
@group(1) @binding(0) var<uniform> params: Params;

@compute @workgroup_size(WORKGROUP)
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) thread: u32,
) {
    let i = group_index(group, groups) * WORKGROUP + thread;
    let all = params.len * params.chunks;
    if (i >= all) {
        return;
    }
    let position = positions[i];
    keys[i] = sorted[i];
    // what lies behind the rows that occurred is none of ours
    keys[all + i] = max(occurrences[position / params.chunks], 1u);
    terms[i] = vec2<u32>(position * params.width, bitcast<u32>(1.0));
}
