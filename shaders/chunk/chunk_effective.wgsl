// What time has left of the utility of each chunk of a table's rows; -1 for free rows.
@group(0) @binding(0) var<storage, read> utility: array<f32>;
// of each row first the step that it was last changed in
@group(0) @binding(1) var<storage, read> touch: array<u32>;
@group(0) @binding(2) var<storage, read> row_ids: array<u32>;
@group(0) @binding(3) var<storage, read_write> out: array<f32>;

struct Params {
    // chunks of all rows, and of one
    len: u32,
    chunks: u32,
    out_first: u32,
    step: u32,
    decay: f32,
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
    let i = group_index(group, groups) * WORKGROUP + thread;
    if (i >= params.len) {
        return;
    }
    let row = i / params.chunks;
    var left = -1.0;
    if (row_ids[row] != 0u) {
        left = utility[i] * power(params.decay, params.step - touch[row * params.words]);
    }
    out[params.out_first + i] = left;
}
