// The pieces that a product is made of.

// rows and columns of a tile, and what of k it takes at a time
override TILE_M: u32;
override TILE_N: u32;
override K_TILE: u32;

fn finish_row(slice: u32, m: u32, n: u32, sums: vec4<f32>) {
    if (m >= params.m || slice >= params.slices) {
        return;
    }
    let at = params.out_base + slice * params.slice_stride + m * params.out_stride + n;
    finish(at, n, sums.x);
    finish(at + 1u, n + 1u, sums.y);
    finish(at + 2u, n + 2u, sums.z);
    finish(at + 3u, n + 3u, sums.w);
}

fn finish_tile(slice: u32, m: u32, n: u32, c: Tile) {
    finish_row(slice, m, n, c.r0);
    finish_row(slice, m + 1u, n, c.r1);
    finish_row(slice, m + 2u, n, c.r2);
    finish_row(slice, m + 3u, n, c.r3);
}
