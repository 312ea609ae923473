// The matrix product behind linear layers: a tile of the output a group.
alias Operand = vec4<f32>;

fn multiplied(a: f32, b: vec4<f32>) -> vec4<f32> {
    return a * b;
}

@compute @workgroup_size(WORKGROUP)
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) thread: u32,
) {
    let index = group_index(group, groups);
    let tiles_m = (params.m + TILE_M - 1u) / TILE_M;
    let tiles_n = (params.n + TILE_N - 1u) / TILE_N;
    let m = index / tiles_n % tiles_m * TILE_M;
    let n = index % tiles_n * TILE_N;
    let slice = index / (tiles_m * tiles_n);
    let begin = min(slice * params.k_slice, params.k);
    let end = min(begin + params.k_slice, params.k);
    let sums = tile_sums(thread, m, n, begin, end);
    finish_sums(slice, thread, m, n, sums);
}
