// Small products, one for each example or one for the sum over some: out(m, n) = sum over examples and k of
// a(m, k) b(k, n), in that order. Either factor may be the same for all examples. A tile of a product a group.
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
    let tiles_n = (params.n + TILE_N - 1u) / TILE_N;
    let tiles = (params.m + TILE_M - 1u) / TILE_M * tiles_n;
    let output = index / tiles;
    let m = index % tiles / tiles_n * TILE_M;
    let n = index % tiles_n * TILE_N;
    let first = min(output * params.together, params.rows);
    let last = min(first + params.together, params.rows);
    let sums = tile_sums(thread, m, n, first * padded_k(), last * padded_k());
    if (first < last) {
        finish_sums(output, thread, m, n, sums);
    }
}
