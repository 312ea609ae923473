// The sums of a tile of a matrix product, for real GPUs: while values of k are multiplied out of workgroup
// memory, the next are on their way into registers. `Operand` is four rows of `a` (columns of `b`) at one k.
// The kernel has block_a and block_b, which load four rows (columns) at four k, and place_a and place_b, which
// say whose blocks of a tile a thread loads.
override SHARED_A: u32;
override SHARED_B: u32;
override SWIZZLE: u32;

// threads side by side in n, each with four columns or twice four; those in m have eight rows each
const COLUMNS: u32 = 16u;

// by k, then by four rows (columns)
var<workgroup> shared_a: array<Operand, SHARED_A>;
var<workgroup> shared_b: array<Operand, SHARED_B>;

// Where four rows at a k lie. Eight threads store or load together, in one cycle if they meet different
// banks: those that store the same rows at different k would not, were it not for the exclusive or.
fn place(k: u32, four: u32, fours: u32) -> u32 {
    return k * fours + (four ^ (k / 4u * SWIZZLE));
}

fn load_block(thread: u32, m: u32, n: u32, k: u32) -> Block {
    if (thread < SHARED_A / 4u) {
        let taken = place_a(thread);
        return block_a(m + taken.x * 4u, k + taken.y * 4u);
    }
    if (thread < SHARED_A / 4u + SHARED_B / 4u) {
        let taken = place_b(thread - SHARED_A / 4u);
        return block_b(n + taken.x * 4u, k + taken.y * 4u);
    }
    return Block();
}

fn store_block(thread: u32, block: Block) {
    if (thread < SHARED_A / 4u) {
        let taken = place_a(thread);
        let at = place(taken.y * 4u, taken.x, TILE_M / 4u);
        shared_a[at] = block.k0;
        shared_a[at + TILE_M / 4u] = block.k1;
        shared_a[at + TILE_M / 2u] = block.k2;
        shared_a[at + TILE_M / 4u * 3u] = block.k3;
    } else if (thread < SHARED_A / 4u + SHARED_B / 4u) {
        let taken = place_b(thread - SHARED_A / 4u);
        let at = place(taken.y * 4u, taken.x, TILE_N / 4u);
        shared_b[at] = block.k0;
        shared_b[at + TILE_N / 4u] = block.k1;
        shared_b[at + TILE_N / 2u] = block.k2;
        shared_b[at + TILE_N / 4u * 3u] = block.k3;
    }
}

fn added(c: Tile, a: Operand, b: Operand) -> Tile {
    return Tile(
        c.r0 + multiplied(a.x, b),
        c.r1 + multiplied(a.y, b),
        c.r2 + multiplied(a.z, b),
        c.r3 + multiplied(a.w, b),
    );
}

// The sums of a thread for k from `begin` to before `end`, of the tile that begins at row m and column n.
fn tile_sums(thread: u32, m: u32, n: u32, begin: u32, end: u32) -> Sums {
    let row = thread / COLUMNS;
    let column = thread % COLUMNS;
    var sums = Sums();
    var next = load_block(thread, m, n, begin);
    for (var k = begin; k < end; k += K_TILE) {
        workgroupBarrier();
        store_block(thread, next);
        workgroupBarrier();
        if (k + K_TILE < end) {
            next = load_block(thread, m, n, k + K_TILE);
        }
        for (var i = 0u; i < K_TILE; i += 4u) {
            let a = place(i, row, TILE_M / 4u);
            let b = place(i, column, TILE_N / 4u);
            sums = products(sums, a, b);
            sums = products(sums, a + TILE_M / 4u, b + TILE_N / 4u);
            sums = products(sums, a + TILE_M / 2u, b + TILE_N / 2u);
            sums = products(sums, a + TILE_M / 4u * 3u, b + TILE_N / 4u * 3u);
        }
    }
    return sums;
}
