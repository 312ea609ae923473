// The gradient of interaction with respect to its input: for feature i the sum over j of the pair's gradient
// times feature j, in the order of j, behind the gradient of the copy. A group takes one example or more, the
// gradients of their pairs as a square in workgroup memory, and four features by eight columns a thread.

override SHARED: u32;
// by example, j, and four of i
var<workgroup> weights: array<vec4<f32>, SHARED>;

@compute @workgroup_size(WORKGROUP)
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) thread: u32,
) {
    let first = min(group_index(group, groups) * params.together, params.rows);
    let examples = min(params.together, params.rows - first);
    let side = (params.features + 3u) / 4u;
    let square = params.features * side;
    let copied = params.dim * params.dense_part;
    // with a diagonal or without, every pair (i, j <= i) once
    let pairs = params.features * (params.features + 1u) / 2u;
    for (var k = thread; k < examples * pairs; k += WORKGROUP) {
        let pair = k % pairs;
        let i = triangle_row(pair);
        let j = pair - i * (i + 1u) / 2u;
        var value = 0.0;
        if (j < i + params.diagonal) {
            let at = params.grad_base + (first + k / pairs) * params.grad_stride + copied;
            value = grad[at + pair_index(i, j, params.diagonal)] * select(1.0, 2.0, i == j);
        }
        let at = k / pairs * square;
        weights[at + j * side + i / 4u][i % 4u] = value;
        weights[at + i * side + j / 4u][j % 4u] = value;
    }
    workgroupBarrier();

    let parts = (params.dim + 7u) / 8u;
    // columns beyond the last are read there again, and not stored
    let end = (params.dim - 1u) / 4u * 4u;
    for (var k = thread; k < examples * side * parts; k += WORKGROUP) {
        let example = first + k / (side * parts);
        let four = k / parts % side;
        let column = k % parts * 8u;
        let next = min(column + 4u, end);
        let of_copy = params.grad_base + example * params.grad_stride;
        let x = params.input_base + example * params.input_stride;
        let out_row = params.out_base + example * params.out_stride;
        let begin = k / (side * parts) * square + four;
        var left = begun(of_copy, out_row, four * 4u, column);
        var right = begun(of_copy, out_row, four * 4u, column + 4u);
        for (var j = 0u; j < params.features; j++) {
            let e = x + j * params.dim;
            let of_j = weights[begin + j * side];
            left = added(left, of_j, load_input(e + column, params.dim - column));
            right = added(right, of_j, load_input(e + next, params.dim - next));
        }
        finish(out_row, four * 4u, column, left);
        finish(out_row, four * 4u, column + 4u, right);
    }
}
