// What time has left of the utility of each chunk of a table's rows.
@group(0) @binding(0) var<storage, read> utility: array<f32>;
@group(0) @binding(1) var<storage, read> stamps: array<u32>;
@group(0) @binding(2) var<storage, read_write> out: array<f32>;

struct Params {
    // chunks of all rows in use, and of one
    len: u32,
    chunks: u32,
    first_chunk: u32,
    first_row: u32,
    out_first: u32,
    step: u32,
    decay: f32,
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
    let left = power(params.decay, params.step - stamps[params.first_row + i / params.chunks]);
    out[params.out_first + i] = utility[params.first_chunk + i] * left;
}
