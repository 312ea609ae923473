// The product of 8-bit codes: a tile of the output a group, 8 x 8 sums a thread (rows and columns 4 * place
// and 4 * place + 32, so that neighbours read workgroup memory side by side).
override PITCH: u32;
override SHARED: u32;

// by words of k, then by four rows of codes (four outputs); PITCH is odd against bank conflicts
var<workgroup> shared_codes: array<vec4<u32>, SHARED>;
var<workgroup> shared_weights: array<vec4<u32>, SHARED>;

fn added(c: Tile, a: vec4<u32>, b: vec4<u32>) -> Tile {
    return Tile(c.r0 + dots(a.x, b), c.r1 + dots(a.y, b), c.r2 + dots(a.z, b), c.r3 + dots(a.w, b));
}

@compute @workgroup_size(WORKGROUP)
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) thread: u32,
) {
    let index = group_index(group, groups);
    let tiles_n = (params.n + TILE_N - 1u) / TILE_N;
    let m = index / tiles_n * TILE_M;
    let n = index % tiles_n * TILE_N;

    // neighbours read side by side: along k of a row, and along the outputs of a panel
    let from_codes = vec2<u32>(thread / (K_TILE / 4u), thread % (K_TILE / 4u));
    let from_weights = vec2<u32>(thread % (TILE_N / 4u), thread / (TILE_N / 4u));
    let to_codes = from_codes.y * 4u * PITCH + from_codes.x;
    let to_weights = from_weights.y * 4u * PITCH + from_weights.x;
    let row = thread / 8u;
    let column = thread % 8u;
    var c00 = Tile();
    var c01 = Tile();
    var c10 = Tile();
    var c11 = Tile();
    for (var k = 0u; k < params.words; k += K_TILE) {
        // what lies beyond the last words counts for nothing, as these weights are zero
        let codes_k = k + from_codes.y * 4u;
        let weights_k = k + from_weights.y * 4u;
        let last = params.words - 4u;
        let a = codes_block(m + from_codes.x * 4u, min(codes_k, last));
        var b = weights_block(n + from_weights.x * 4u, min(weights_k, last));
        if (weights_k > last) {
            b = Block();
        }
        workgroupBarrier();
        shared_codes[to_codes] = a.k0;
        shared_codes[to_codes + PITCH] = a.k1;
        shared_codes[to_codes + 2u * PITCH] = a.k2;
        shared_codes[to_codes + 3u * PITCH] = a.k3;
        shared_weights[to_weights] = b.k0;
        shared_weights[to_weights + PITCH] = b.k1;
        shared_weights[to_weights + 2u * PITCH] = b.k2;
        shared_weights[to_weights + 3u * PITCH] = b.k3;
        workgroupBarrier();
        for (var i = 0u; i < K_TILE; i++) {
            let a0 = shared_codes[i * PITCH + row];
            let a1 = shared_codes[i * PITCH + row + 8u];
            let b0 = shared_weights[i * PITCH + column];
            let b1 = shared_weights[i * PITCH + column + 8u];
            c00 = added(c00, a0, b0);
            c01 = added(c01, a0, b1);
            c10 = added(c10, a1, b0);
            c11 = added(c11, a1, b1);
        }
    }
    finish_tile(m + row * 4u, n + column * 4u, c00);
    finish_tile(m + row * 4u, n + column * 4u + TILE_N / 2u, c01);
    finish_tile(m + row * 4u + TILE_M / 2u, n + column * 4u, c10);
    finish_tile(m + row * 4u + TILE_M / 2u, n + column * 4u + TILE_N / 2u, c11);
}
