// The dot products of all pairs of an example's features, behind a copy of feature 0. Each product is summed
// in four accumulators by column modulo 4. A group takes one example or more, their features in workgroup
// memory, and 4 x 4 pairs a thread: eight loads make sixteen products. What a thread has of features lies a
// quarter of them apart, so that threads side by side read features side by side, whose places differ by an odd
// number of vectors: they lie in different banks.

override SHARED: u32;
var<workgroup> shared_values: array<vec4<f32>, SHARED>;

// The dot products of a feature with four.
struct Row {
    p0: vec4<f32>,
    p1: vec4<f32>,
    p2: vec4<f32>,
    p3: vec4<f32>,
}

fn added(row: Row, a: vec4<f32>, b0: vec4<f32>, b1: vec4<f32>, b2: vec4<f32>, b3: vec4<f32>) -> Row {
    return Row(row.p0 + a * b0, row.p1 + a * b1, row.p2 + a * b2, row.p3 + a * b3);
}

// Places of four of an example's features in workgroup memory; those beyond the last are the last, and what
// is made of them is not stored.
fn places(example: u32, feature: u32, features: u32, quads: u32) -> vec4<u32> {
    let side = (features + 3u) / 4u;
    let four = vec4<u32>(feature, feature + side, feature + 2u * side, feature + 3u * side);
    return (example * features + min(four, vec4<u32>(features - 1u))) * (quads | 1u);
}

// Both of a pair may be the larger one. `at` is where the example's pairs begin, in single values.
fn finish(at: u32, i: u32, j: u32, sum: vec4<f32>) {
    let high = max(i, j);
    let low = min(i, j);
    if (high < params.features && low < high + params.diagonal) {
        let place = at + pair_index(high, low, params.diagonal);
        shared_values[place / 4u][place % 4u] = (sum.x + sum.y) + (sum.z + sum.w);
    }
}

fn finish_row(at: u32, i: u32, j: u32, side: u32, row: Row) {
    finish(at, i, j, row.p0);
    finish(at, i, j + side, row.p1);
    finish(at, i, j + 2u * side, row.p2);
    finish(at, i, j + 3u * side, row.p3);
}

@compute @workgroup_size(WORKGROUP)
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) thread: u32,
) {
    let first = min(group_index(group, groups) * params.together, params.rows);
    let examples = min(params.together, params.rows - first);
    let quads = (params.dim + 3u) / 4u;
    let stride = quads | 1u;
    for (var i = thread; i < examples * params.features * quads; i += WORKGROUP) {
        let row = i / quads;
        let column = i % quads * 4u;
        let example = first + row / params.features;
        let e = params.input_base + example * params.input_stride + row % params.features * params.dim;
        shared_values[row * stride + i % quads] = load_input(e + column, params.dim - column);
    }
    workgroupBarrier();

    let copied = params.dim * params.dense_part;
    for (var i = thread; i < examples * copied; i += WORKGROUP) {
        let column = i % copied;
        let value = shared_values[i / copied * params.features * stride + column / 4u][column % 4u];
        out[params.out_base + (first + i / copied) * params.out_stride + column] = value;
    }
    let side = (params.features + 3u) / 4u;
    let tiles = side * (side + 1u) / 2u;
    let example = thread / tiles;
    let i = triangle_row(thread % tiles);
    let j = thread % tiles - i * (i + 1u) / 2u;
    var r0 = Row();
    var r1 = Row();
    var r2 = Row();
    var r3 = Row();
    if (example < examples) {
        let a = places(example, i, params.features, quads);
        let b = places(example, j, params.features, quads);
        for (var q = 0u; q < quads; q++) {
            let b0 = shared_values[b.x + q];
            let b1 = shared_values[b.y + q];
            let b2 = shared_values[b.z + q];
            let b3 = shared_values[b.w + q];
            r0 = added(r0, shared_values[a.x + q], b0, b1, b2, b3);
            r1 = added(r1, shared_values[a.y + q], b0, b1, b2, b3);
            r2 = added(r2, shared_values[a.z + q], b0, b1, b2, b3);
            r3 = added(r3, shared_values[a.w + q], b0, b1, b2, b3);
        }
    }
    workgroupBarrier();

    // the products take the features' place, so that they are written in the order of the output
    let pairs = pair_index(params.features, 0u, params.diagonal);
    if (example < examples) {
        let at = example * pairs;
        finish_row(at, i, j, side, r0);
        finish_row(at, i + side, j, side, r1);
        finish_row(at, i + 2u * side, j, side, r2);
        finish_row(at, i + 3u * side, j, side, r3);
    }
    workgroupBarrier();
    for (var p = thread; p < examples * pairs; p += WORKGROUP) {
        let at = params.out_base + (first + p / pairs) * params.out_stride + copied;
        out[at + p % pairs] = shared_values[p / 4u][p % 4u];
    }
}
