// interaction_grad for software adapters, and for more features than workgroup memory has weights of: for feature
// i the sum over j of the pair's gradient times feature j, in the order of j, behind the gradient of the copy.
// Four features by 16 columns a thread.

// What feature j counts for feature i.
fn weight(at: u32, i: u32, j: u32) -> f32 {
    let without = i == j && params.diagonal == 0u;
    let pair = select(pair_index(max(i, j), min(i, j), params.diagonal), 0u, without);
    return select(grad[at + pair] * select(1.0, 2.0, i == j), 0.0, without);
}

// Four columns of four features.
struct Block {
    f0: vec4<f32>,
    f1: vec4<f32>,
    f2: vec4<f32>,
    f3: vec4<f32>,
}

fn added(sums: Block, weights: vec4<f32>, v: vec4<f32>) -> Block {
    return Block(
        sums.f0 + weights.x * v,
        sums.f1 + weights.y * v,
        sums.f2 + weights.z * v,
        sums.f3 + weights.w * v,
    );
}

// The first sums: what the output holds, if it is added to, and for feature 0 the gradient of its copy.
fn begun(copied: u32, e: u32, i: u32, column: u32) -> Block {
    var sums = Block();
    if (column >= params.dim) {
        return sums;
    }
    let left = params.dim - column;
    if (params.accumulate == 1u) {
        let last = params.features - 1u;
        sums.f0 = load_out(e + i * params.dim + column, left);
        sums.f1 = load_out(e + min(i + 1u, last) * params.dim + column, left);
        sums.f2 = load_out(e + min(i + 2u, last) * params.dim + column, left);
        sums.f3 = load_out(e + min(i + 3u, last) * params.dim + column, left);
    }
    if (i == 0u && params.dense_part == 1u) {
        sums.f0 += load_grad(copied + column, left);
    }
    return sums;
}

fn finish(e: u32, i: u32, column: u32, sums: Block) {
    if (column >= params.dim) {
        return;
    }
    let left = params.dim - column;
    let at = e + i * params.dim + column;
    store_out(at, left, sums.f0);
    if (i + 1u < params.features) {
        store_out(at + params.dim, left, sums.f1);
    }
    if (i + 2u < params.features) {
        store_out(at + 2u * params.dim, left, sums.f2);
    }
    if (i + 3u < params.features) {
        store_out(at + 3u * params.dim, left, sums.f3);
    }
}

@compute @workgroup_size(WORKGROUP)
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) thread: u32,
) {
    let parts = (params.dim + 15u) / 16u;
    let side = (params.features + 3u) / 4u;
    let index = group_index(group, groups) * WORKGROUP + thread;
    let example = index / (side * parts);
    if (example >= params.rows) {
        return;
    }
    let column = index % parts * 16u;
    let i = index / parts % side * 4u;
    let last = params.features - 1u;
    let start = params.input_base + example * params.input_stride;
    let copied = params.grad_base + example * params.grad_stride;
    let at = copied + params.dim * params.dense_part;
    let out_row = params.out_base + example * params.out_stride;
    // columns beyond the last are read there again, and not stored
    let end = (params.dim - 1u) / 4u * 4u;
    let c1 = min(column + 4u, end);
    let c2 = min(column + 8u, end);
    let c3 = min(column + 12u, end);
    var s0 = begun(copied, out_row, i, column);
    var s1 = begun(copied, out_row, i, column + 4u);
    var s2 = begun(copied, out_row, i, column + 8u);
    var s3 = begun(copied, out_row, i, column + 12u);
    for (var j = 0u; j < params.features; j++) {
        // so are features
        let weights = vec4<f32>(
            weight(at, i, j),
            weight(at, min(i + 1u, last), j),
            weight(at, min(i + 2u, last), j),
            weight(at, min(i + 3u, last), j),
        );
        let e = start + j * params.dim;
        s0 = added(s0, weights, load_input(e + column, params.dim - column));
        s1 = added(s1, weights, load_input(e + c1, params.dim - c1));
        s2 = added(s2, weights, load_input(e + c2, params.dim - c2));
        s3 = added(s3, weights, load_input(e + c3, params.dim - c3));
    }
    finish(out_row, i, column, s0);
    finish(out_row, i, column + 4u, s1);
    finish(out_row, i, column + 8u, s2);
    finish(out_row, i, column + 12u, s3);
}
