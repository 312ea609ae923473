// interaction_grad for software adapters, and for more features than workgroup memory has weights of: for feature
// i the sum over j of the pair's gradient times feature j, in the order of j, behind the gradient of the copy.
// Four features by 16 columns a thread.

// What feature j counts for feature i.
fn weight(at: u32, i: u32, j: u32) -> f32 {
    let without = i == j && params.diagonal == 0u;
    let pair = select(pair_index(max(i, j), min(i, j), params.diagonal), 0u, without);
    return select(grad[at + pair] * select(1.0, 2.0, i == j), 0.0, without);
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
