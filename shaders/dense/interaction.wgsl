// The dot products of all pairs of an example's features, behind a copy of feature 0. Each product is summed
// in four accumulators by column modulo 4. An example a group, its features in workgroup memory.

override SHARED: u32;
var<workgroup> shared_input: array<vec4<f32>, SHARED>;

@compute @workgroup_size(WORKGROUP)
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) thread: u32,
) {
    let example = group_index(group, groups);
    let lives = example < params.rows;
    let quads = (params.dim + 3u) / 4u;
    if (lives) {
        for (var i = thread; i < params.features * quads; i += WORKGROUP) {
            let column = i % quads * 4u;
            let e = params.input_base + example * params.input_stride + i / quads * params.dim + column;
            shared_input[i] = load_input(e, params.dim - column);
        }
    }
    workgroupBarrier();
    if (!lives) {
        return;
    }
    var at = params.out_base + example * params.out_stride;
    if (params.dense_part == 1u) {
        for (var column = thread; column < params.dim; column += WORKGROUP) {
            out[at + column] = shared_input[column / 4u][column % 4u];
        }
        at += params.dim;
    }
    let pairs = pair_index(params.features, 0u, params.diagonal);
    for (var p = thread; p < pairs; p += WORKGROUP) {
        // without the diagonal the triangle begins a row later
        let row = triangle_row(p);
        let i = row + 1u - params.diagonal;
        let j = p - row * (row + 1u) / 2u;
        var sum = vec4<f32>();
        for (var q = 0u; q < quads; q++) {
            sum += shared_input[i * quads + q] * shared_input[j * quads + q];
        }
        out[at + p] = (sum.x + sum.y) + (sum.z + sum.w);
    }
}
