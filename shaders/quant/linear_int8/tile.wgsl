// out[m][n] = activation((sum over k of (code(m, k) - zero point) * weight(n, k)) * (scale * scale[n]) +
// bias[n]), as f32 or as codes again. The sum is made in i32 of signed codes, code - 128, and corrected by
// the sum of the weights. rows and columns of a tile, and words of k it takes at a time
override TILE_M: u32;
override TILE_N: u32;
override K_TILE: u32;
// outputs of a panel of weights
override PANEL: u32;

// For each of four words of k those of four rows of codes, or of four outputs' weights.
struct Block {
    k0: vec4<u32>,
    k1: vec4<u32>,
    k2: vec4<u32>,
    k3: vec4<u32>,
}

// Signed codes of a row. Rows beyond the last repeat it: their sums are not stored.
fn row_codes(m: u32, k: u32) -> vec4<u32> {
    let word = params.codes_base + min(m, params.m - 1u) * params.words + k;
    return codes[word / 4u] ^ vec4<u32>(0x80808080u);
}

fn codes_block(m: u32, k: u32) -> Block {
    let x = row_codes(m, k);
    let y = row_codes(m + 1u, k);
    let z = row_codes(m + 2u, k);
    let w = row_codes(m + 3u, k);
    return Block(
        vec4<u32>(x.x, y.x, z.x, w.x),
        vec4<u32>(x.y, y.y, z.y, w.y),
        vec4<u32>(x.z, y.z, z.z, w.z),
        vec4<u32>(x.w, y.w, z.w, w.w),
    );
}

// The panels are whole; of those beyond the last the last is read.
fn weights_block(n: u32, k: u32) -> Block {
    let panel = min(n / PANEL, (params.n - 1u) / PANEL);
    let at = ((panel * params.words + k) * PANEL + n % PANEL) / 4u;
    return Block(
        weights[at],
        weights[at + PANEL / 4u],
        weights[at + PANEL / 2u],
        weights[at + PANEL / 4u * 3u],
    );
}

// Four by four sums, by rows.
struct Tile {
    r0: vec4<i32>,
    r1: vec4<i32>,
    r2: vec4<i32>,
    r3: vec4<i32>,
}

// Slices of a sum, which another kernel adds up, or the whole of it, finished.
fn finish_row(slice: u32, m: u32, n: u32, sums: vec4<i32>) {
    if (m >= params.m || n >= params.n || slice >= params.slices) {
        return;
    }
    let row = params.out_base + slice * params.slice_stride + m * params.out_stride;
    if (params.slices == 1u) {
        finish_outputs(row, n, sums);
        return;
    }
    let count = min(params.n - n, 4u);
    for (var c = 0u; c < count; c++) {
        out[row + n + c] = bitcast<u32>(sums[c]);
    }
}

fn finish_tile(slice: u32, m: u32, n: u32, c: Tile) {
    finish_row(slice, m, n, c.r0);
    finish_row(slice, m + 1u, n, c.r1);
    finish_row(slice, m + 2u, n, c.r2);
    finish_row(slice, m + 3u, n, c.r3);
}
