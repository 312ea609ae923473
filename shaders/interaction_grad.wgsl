// The gradient of interaction with respect to its input: for feature i the sum over j of the pair's gradient times
// feature j, in the order of j, behind the gradient of the copy. Four features by four columns a thread.
@group(0) @binding(0) var<storage, read> x: array<Elem>;
@group(0) @binding(1) var<storage, read> grad: array<f32>;
@group(0) @binding(2) var<storage, read_write> out: array<Elem>;

struct Params {
    // examples
    rows: u32,
    features: u32,
    dim: u32,
    // elements where the matrices begin, and from row to row
    x_base: u32,
    x_stride: u32,
    grad_base: u32,
    grad_stride: u32,
    out_base: u32,
    out_stride: u32,
    // 1: the output begins with feature 0
    dense_part: u32,
    // 1: pairs (i, i) too
    diagonal: u32,
}
@group(1) @binding(0) var<uniform> params: Params;

// What feature j counts for feature i.
fn weight(at: u32, i: u32, j: u32) -> f32 {
    if (i == j) {
        if (params.diagonal == 0u) {
            return 0.0;
        }
        return 2.0 * grad[at + pair_index(i, i, 1u)];
    }
    return grad[at + pair_index(max(i, j), min(i, j), params.diagonal)];
}

@compute @workgroup_size(WORKGROUP)
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) thread: u32,
) {
    let quads = (params.dim + 3u) / 4u;
    let side = (params.features + 3u) / 4u;
    let index = group_index(group, groups) * WORKGROUP + thread;
    let example = index / (side * quads);
    if (example >= params.rows) {
        return;
    }
    let column = index % quads * 4u;
    let left = params.dim - column;
    let i = index / quads % side * 4u;
    let last = params.features - 1u;
    let start = params.x_base + example * params.x_stride + column;
    let copied = params.grad_base + example * params.grad_stride;
    let at = copied + params.dim * params.dense_part;
    var s0 = vec4<f32>();
    var s1 = vec4<f32>();
    var s2 = vec4<f32>();
    var s3 = vec4<f32>();
    if (i == 0u && params.dense_part == 1u) {
        s0 = load_grad(copied + column, left);
    }
    for (var j = 0u; j < params.features; j++) {
        let v = load_x(start + j * params.dim, left);
        // features beyond the last are not stored
        s0 += weight(at, i, j) * v;
        s1 += weight(at, min(i + 1u, last), j) * v;
        s2 += weight(at, min(i + 2u, last), j) * v;
        s3 += weight(at, min(i + 3u, last), j) * v;
    }
    let e = params.out_base + example * params.out_stride + i * params.dim + column;
    store_out(e, left, s0);
    if (i + 1u <= last) {
        store_out(e + params.dim, left, s1);
    }
    if (i + 2u <= last) {
        store_out(e + 2u * params.dim, left, s2);
    }
    if (i + 3u <= last) {
        store_out(e + 3u * params.dim, left, s3);
    }
}
