// A tile of 64 x 64 values of the output a group: each of its four subgroups makes 32 x 32 of them, as two by
// two matrices.
const TILE: u32 = 64u;
// of a matrix, and of k at a time
const SIDE: u32 = 16u;
// values from row to row of a factor in workgroup memory: rows side by side begin in different banks
const STRIDE: u32 = 24u;

var<workgroup> shared_a: array<Half, TILE * STRIDE>;
var<workgroup> shared_b: array<Half, TILE * STRIDE>;
// a matrix for each subgroup
var<workgroup> shared_c: array<f32, 4u * SIDE * SIDE>;

// Four values of a row of either factor.
fn stage(row: u32, m: u32, n: u32, k: u32, column: u32) {
    let of_a = half(along_a(m + row, k + column));
    let of_b = half(along_b(n + row, k + column));
    let at = row * STRIDE + column;
    shared_a[at] = of_a.x;
    shared_a[at + 1u] = of_a.y;
    shared_a[at + 2u] = of_a.z;
    shared_a[at + 3u] = of_a.w;
    shared_b[at] = of_b.x;
    shared_b[at + 1u] = of_b.y;
    shared_b[at + 2u] = of_b.z;
    shared_b[at + 3u] = of_b.w;
}

// What the subgroups made of one of their matrices, the output's values from row m and column n on.
fn finish_matrices(slice: u32, thread: u32, subgroup: u32, sums: MatrixC, m: u32, n: u32) {
    workgroupBarrier();
    store(thread, sums, subgroup * SIDE * SIDE);
    workgroupBarrier();
    for (var i = thread; i < 4u * SIDE * SIDE; i += WORKGROUP) {
        let made_by = i / (SIDE * SIDE);
        let row = m + made_by / 2u * 2u * SIDE + i / SIDE % SIDE;
        let column = n + made_by % 2u * 2u * SIDE + i % SIDE;
        if (row < params.m && slice < params.slices) {
            let at = params.out_base + slice * params.slice_stride + row * params.out_stride + column;
            finish(at, column, shared_c[i]);
        }
    }
}

fn product(index: u32, thread: u32, subgroup: u32) {
    let tiles_m = (params.m + TILE - 1u) / TILE;
    let tiles_n = (params.n + TILE - 1u) / TILE;
    let m = index / tiles_n % tiles_m * TILE;
    let n = index % tiles_n * TILE;
    let slice = index / (tiles_m * tiles_n);
    let begin = min(slice * params.k_slice, params.k);
    let end = min(begin + params.k_slice, params.k);
    for (var i = thread; i < 4u * SIDE * SIDE; i += WORKGROUP) {
        shared_c[i] = 0.0;
    }
    workgroupBarrier();
    let zeros = subgroup * SIDE * SIDE;
    var top_left = matrix_c(zeros);
    var top_right = matrix_c(zeros);
    var bottom_left = matrix_c(zeros);
    var bottom_right = matrix_c(zeros);
    let a = subgroup / 2u * 2u * SIDE * STRIDE;
    let b = subgroup % 2u * 2u * SIDE * STRIDE;
    for (var k = begin; k < end; k += SIDE) {
        workgroupBarrier();
        for (var i = thread; i < TILE * SIDE / 4u; i += WORKGROUP) {
            stage(i / (SIDE / 4u), m, n, k, i % (SIDE / 4u) * 4u);
        }
        workgroupBarrier();
        let top = matrix_a(a);
        let bottom = matrix_a(a + SIDE * STRIDE);
        let left = matrix_b(b);
        let right = matrix_b(b + SIDE * STRIDE);
        top_left = multiplied(thread, top, left, top_left);
        top_right = multiplied(thread, top, right, top_right);
        bottom_left = multiplied(thread, bottom, left, bottom_left);
        bottom_right = multiplied(thread, bottom, right, bottom_right);
    }
    finish_matrices(slice, thread, subgroup, top_left, m, n);
    finish_matrices(slice, thread, subgroup, top_right, m, n + SIDE);
    finish_matrices(slice, thread, subgroup, bottom_left, m + SIDE, n);
    finish_matrices(slice, thread, subgroup, bottom_right, m + SIDE, n + SIDE);
}
