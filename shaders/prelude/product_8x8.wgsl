// Eight rows and eight columns a thread, 4 * place and 4 * place + half a tile of each.
struct Sums {
    top_left: Tile,
    top_right: Tile,
    bottom_left: Tile,
    bottom_right: Tile,
}

// The products at one k are added, of the operands at these places and half a tile on.
fn products(c: Sums, a: u32, b: u32) -> Sums {
    let top = shared_a[a];
    let bottom = shared_a[a ^ (TILE_M / 8u)];
    let left = shared_b[b];
    let right = shared_b[b ^ (TILE_N / 8u)];
    return Sums(
        added(c.top_left, top, left),
        added(c.top_right, top, right),
        added(c.bottom_left, bottom, left),
        added(c.bottom_right, bottom, right),
    );
}

fn finish_sums(slice: u32, thread: u32, m: u32, n: u32, c: Sums) {
    let row = m + thread / COLUMNS * 4u;
    let column = n + thread % COLUMNS * 4u;
    finish_tile(slice, row, column, c.top_left);
    finish_tile(slice, row, column + TILE_N / 2u, c.top_right);
    finish_tile(slice, row + TILE_M / 2u, column, c.bottom_left);
    finish_tile(slice, row + TILE_M / 2u, column + TILE_N / 2u, c.bottom_right);
}
