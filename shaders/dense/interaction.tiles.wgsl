// interaction for software adapters, and for examples that do not fit workgroup memory: 4 x 4 pairs a thread.

fn finish(at: u32, i: u32, j: u32, sum: vec4<f32>) {
    if (i < params.features && j < i + params.diagonal) {
        out[at + pair_index(i, j, params.diagonal)] = (sum.x + sum.y) + (sum.z + sum.w);
    }
}

@compute @workgroup_size(WORKGROUP)
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) thread: u32,
) {
    let quads = (params.dim + 3u) / 4u;
    let side = (params.features + 3u) / 4u;
    let tiles = side * (side + 1u) / 2u;
    // the threads behind an example's tiles copy feature 0
    let threads = tiles + quads * params.dense_part;
    let index = group_index(group, groups) * WORKGROUP + thread;
    let example = index / threads;
    if (example >= params.rows) {
        return;
    }
    let start = params.input_base + example * params.input_stride;
    let at = params.out_base + example * params.out_stride;
    let tile = index % threads;
    if (tile >= tiles) {
        let column = (tile - tiles) * 4u;
        let left = params.dim - column;
        let v = load_input(start + column, left);
        out[at + column] = v.x;
        if (left > 1u) {
            out[at + column + 1u] = v.y;
        }
        if (left > 2u) {
            out[at + column + 2u] = v.z;
        }
        if (left > 3u) {
            out[at + column + 3u] = v.w;
        }
        return;
    }
    let row = triangle_row(tile);
    let i = row * 4u;
    let j = (tile - row * (row + 1u) / 2u) * 4u;
    let last = params.features - 1u;
    let i0 = start + i * params.dim;
    let i1 = start + min(i + 1u, last) * params.dim;
    let i2 = start + min(i + 2u, last) * params.dim;
    let i3 = start + min(i + 3u, last) * params.dim;
    let j0 = start + j * params.dim;
    let j1 = start + min(j + 1u, last) * params.dim;
    let j2 = start + min(j + 2u, last) * params.dim;
    let j3 = start + min(j + 3u, last) * params.dim;
    var s00 = vec4<f32>();
    var s01 = vec4<f32>();
    var s02 = vec4<f32>();
    var s03 = vec4<f32>();
    var s10 = vec4<f32>();
    var s11 = vec4<f32>();
    var s12 = vec4<f32>();
    var s13 = vec4<f32>();
    var s20 = vec4<f32>();
    var s21 = vec4<f32>();
    var s22 = vec4<f32>();
    var s23 = vec4<f32>();
    var s30 = vec4<f32>();
    var s31 = vec4<f32>();
    var s32 = vec4<f32>();
    var s33 = vec4<f32>();
    for (var column = 0u; column < params.dim; column += 4u) {
        let left = params.dim - column;
        let b0 = load_input(j0 + column, left);
        let b1 = load_input(j1 + column, left);
        let b2 = load_input(j2 + column, left);
        let b3 = load_input(j3 + column, left);
        let a0 = load_input(i0 + column, left);
        s00 += a0 * b0;
        s01 += a0 * b1;
        s02 += a0 * b2;
        s03 += a0 * b3;
        let a1 = load_input(i1 + column, left);
        s10 += a1 * b0;
        s11 += a1 * b1;
        s12 += a1 * b2;
        s13 += a1 * b3;
        let a2 = load_input(i2 + column, left);
        s20 += a2 * b0;
        s21 += a2 * b1;
        s22 += a2 * b2;
        s23 += a2 * b3;
        let a3 = load_input(i3 + column, left);
        s30 += a3 * b0;
        s31 += a3 * b1;
        s32 += a3 * b2;
        s33 += a3 * b3;
    }
    let first = at + params.dim * params.dense_part;
    finish(first, i, j, s00);
    finish(first, i, j + 1u, s01);
    finish(first, i, j + 2u, s02);
    finish(first, i, j + 3u, s03);
    finish(first, i + 1u, j, s10);
    finish(first, i + 1u, j + 1u, s11);
    finish(first, i + 1u, j + 2u, s12);
    finish(first, i + 1u, j + 3u, s13);
    finish(first, i + 2u, j, s20);
    finish(first, i + 2u, j + 1u, s21);
    finish(first, i + 2u, j + 2u, s22);
    finish(first, i + 2u, j + 3u, s23);
    finish(first, i + 3u, j, s30);
    finish(first, i + 3u, j + 1u, s31);
    finish(first, i + 3u, j + 2u, s32);
    finish(first, i + 3u, j + 3u, s33);
}
