// Eight rows and four columns a thread, the rows 4 * place and 4 * place + TILE_M / 2.
struct Sums {
    top: Tile,
    bottom: Tile,
}

// The products at one k are added, of the operands at these places and half a tile on.
fn products(c: Sums, a: u32, b: u32) -> Sums {
    let columns = shared_b[b];
    return Sums(
        added(c.top, shared_a[a], columns),
        added(c.bottom, shared_a[a ^ (TILE_M / 8u)], columns),
    );
}

fn finish_sums(slice: u32, thread: u32, m: u32, n: u32, c: Sums) {
    let row = m + thread / COLUMNS * 4u;
    let column = n + thread % COLUMNS * 4u;
    finish_tile(slice, row, column, c.top);
    finish_tile(slice, row + TILE_M / 2u, column, c.bottom);
}
