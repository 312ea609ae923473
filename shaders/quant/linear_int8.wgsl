// The product of 8-bit codes: a tile of the output a group.
alias Operand = vec4<u32>;

fn multiplied(a: u32, b: vec4<u32>) -> vec4<i32> {
    return dots(a, b);
}

// neighbours read side by side: along k of a row, and along the outputs of a panel
fn place_a(thread: u32) -> vec2<u32> {
    return vec2<u32>(thread / (K_TILE / 4u), thread % (K_TILE / 4u));
}

fn place_b(thread: u32) -> vec2<u32> {
    return vec2<u32>(thread % (TILE_N / 4u), thread / (TILE_N / 4u));
}

// what lies beyond the last words counts for nothing, as these weights are zero
fn block_a(m: u32, k: u32) -> Block {
    return codes_block(m, min(k, params.words - 4u));
}

fn block_b(n: u32, k: u32) -> Block {
    if (k >= params.words) {
        return Block();
    }
    return weights_block(n, k);
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
    let begin = min(slice * params.k_slice, params.words);
    let end = min(begin + params.k_slice, params.words);
    let sums = tile_sums(thread, m, n, begin, end);
    finish_sums(slice, thread, m, n, sums);
}
