// linear_int8 for software adapters: registers only, 8 x 8 sums a thread. Such adapters load lane by lane, so
// that what counts is how many products a loaded word takes part in.

// c + a * b over four words of k.
fn multiplied(c: Tile, a: Block, b: Block) -> Tile {
    return Tile(
        c.r0 + dots(a.k0.x, b.k0) + dots(a.k1.x, b.k1) + dots(a.k2.x, b.k2) + dots(a.k3.x, b.k3),
        c.r1 + dots(a.k0.y, b.k0) + dots(a.k1.y, b.k1) + dots(a.k2.y, b.k2) + dots(a.k3.y, b.k3),
        c.r2 + dots(a.k0.z, b.k0) + dots(a.k1.z, b.k1) + dots(a.k2.z, b.k2) + dots(a.k3.z, b.k3),
        c.r3 + dots(a.k0.w, b.k0) + dots(a.k1.w, b.k1) + dots(a.k2.w, b.k2) + dots(a.k3.w, b.k3),
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
    // neighbouring groups go through the same weights
    let m = (index % tiles_m * lanes_m + thread / params.lanes_n) * TILE_M;
    let n = (index / tiles_m % tiles_n * params.lanes_n + thread % params.lanes_n) * TILE_N;
    let slice = index / (tiles_m * tiles_n);
    let begin = min(slice * params.k_slice, params.words);
    let end = min(begin + params.k_slice, params.words);
    var c00 = Tile();
    var c01 = Tile();
    var c10 = Tile();
    var c11 = Tile();
    for (var k = begin; k < end; k += K_TILE) {
        let b0 = weights_block(n, k);
        let b1 = weights_block(n + 4u, k);
        let a0 = codes_block(m, k);
        c00 = multiplied(c00, a0, b0);
        c01 = multiplied(c01, a0, b1);
        let a1 = codes_block(m + 4u, k);
        c10 = multiplied(c10, a1, b0);
        c11 = multiplied(c11, a1, b1);
    }
    var tiles = array<Tile, 4>(c00, c01, c10, c11);
    for (var t = 0u; t < 4u; t++) {
        finish_tile(slice, m + t / 2u * 4u, n + t % 2u * 4u, tiles[t]);
    }
}
