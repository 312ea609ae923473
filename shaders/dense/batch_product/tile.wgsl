// A tile of a product on real GPUs: k runs on from example to example, each with a multiple of what a tile takes at
// a time.
override TILE_M: u32;
override TILE_N: u32;
override K_TILE: u32;

fn padded_k() -> u32 {
    return (params.k + K_TILE - 1u) / K_TILE * K_TILE;
}

fn block_a(m: u32, k: u32) -> Block {
    let each = padded_k();
    return block_of_a(params.a_base + k / each * params.a_example, m, k % each);
}

fn block_b(n: u32, k: u32) -> Block {
    let each = padded_k();
    return block_of_b(params.b_base + k / each * params.b_example, n, k % each);
}

fn finish_tile(output: u32, m: u32, n: u32, c: Tile) {
    if (n >= params.n) {
        return;
    }
    let at = params.out_base + output * params.out_example + m * params.out_stride + n;
    let left = params.n - n;
    if (m < params.m) {
        finish_row(at, left, c.r0);
    }
    if (m + 1u < params.m) {
        finish_row(at + params.out_stride, left, c.r1);
    }
    if (m + 2u < params.m) {
        finish_row(at + 2u * params.out_stride, left, c.r2);
    }
    if (m + 3u < params.m) {
        finish_row(at + 3u * params.out_stride, left, c.r3);
    }
}
