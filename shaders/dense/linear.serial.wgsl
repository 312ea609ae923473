// linear for software adapters: registers only, 16 x 16 sums a thread. Such adapters load lane by lane, so
// that what counts is how many products a loaded value takes part in.

// c + a * b over four k, in their order.
fn multiplied(c: Tile, a: Block, b: Block) -> Tile {
    return Tile(
        c.r0 + a.k0.x * b.k0 + a.k1.x * b.k1 + a.k2.x * b.k2 + a.k3.x * b.k3,
        c.r1 + a.k0.y * b.k0 + a.k1.y * b.k1 + a.k2.y * b.k2 + a.k3.y * b.k3,
        c.r2 + a.k0.z * b.k0 + a.k1.z * b.k1 + a.k2.z * b.k2 + a.k3.z * b.k3,
        c.r3 + a.k0.w * b.k0 + a.k1.w * b.k1 + a.k2.w * b.k2 + a.k3.w * b.k3,
    );
}

@compute @workgroup_size(WORKGROUP)
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) thread: u32,
) {
    let index = group_index(group, groups);
    let lanes_m = WORKGROUP / params.lanes_n;
    let tiles_m = (params.m + TILE_M * lanes_m - 1u) / (TILE_M * lanes_m);
    let tiles_n = (params.n + TILE_N * params.lanes_n - 1u) / (TILE_N * params.lanes_n);
    // neighbouring groups go through the same columns of b
    let m = (index % tiles_m * lanes_m + thread / params.lanes_n) * TILE_M;
    let n = (index / tiles_m % tiles_n * params.lanes_n + thread % params.lanes_n) * TILE_N;
    let slice = index / (tiles_m * tiles_n);
    let begin = min(slice * params.k_slice, params.k);
    let end = min(begin + params.k_slice, params.k);
    var c00 = Tile();
    var c01 = Tile();
    var c02 = Tile();
    var c03 = Tile();
    var c10 = Tile();
    var c11 = Tile();
    var c12 = Tile();
    var c13 = Tile();
    var c20 = Tile();
    var c21 = Tile();
    var c22 = Tile();
    var c23 = Tile();
    var c30 = Tile();
    var c31 = Tile();
    var c32 = Tile();
    var c33 = Tile();
    for (var k = begin; k < end; k += K_TILE) {
        let b0 = block_b(n, k);
        let b1 = block_b(n + 4u, k);
        let b2 = block_b(n + 8u, k);
        let b3 = block_b(n + 12u, k);
        let a0 = block_a(m, k);
        c00 = multiplied(c00, a0, b0);
        c01 = multiplied(c01, a0, b1);
        c02 = multiplied(c02, a0, b2);
        c03 = multiplied(c03, a0, b3);
        let a1 = block_a(m + 4u, k);
        c10 = multiplied(c10, a1, b0);
        c11 = multiplied(c11, a1, b1);
        c12 = multiplied(c12, a1, b2);
        c13 = multiplied(c13, a1, b3);
        let a2 = block_a(m + 8u, k);
        c20 = multiplied(c20, a2, b0);
        c21 = multiplied(c21, a2, b1);
        c22 = multiplied(c22, a2, b2);
        c23 = multiplied(c23, a2, b3);
        let a3 = block_a(m + 12u, k);
        c30 = multiplied(c30, a3, b0);
        c31 = multiplied(c31, a3, b1);
        c32 = multiplied(c32, a3, b2);
        c33 = multiplied(c33, a3, b3);
    }
    // the loop keeps the epilogue's code small: it would be there 256 times
    var tiles = array<Tile, 16>(
        c00, c01, c02, c03,
        c10, c11, c12, c13,
        c20, c21, c22, c23,
        c30, c31, c32, c33,
    );
    for (var t = 0u; t < 16u; t++) {
        finish_tile(slice, m + t / 4u * 4u, n + t % 4u * 4u, tiles[t]);
    }
}
