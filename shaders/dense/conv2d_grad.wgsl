// The gradients of a convolution's taps and biases, of an input of one channel: a sum for each slice of examples
// and channel, by one group. Fours of columns go around its threads; a tree adds up what those have.

// The taps of a channel, and its bias.
override VALUES: u32;

var<workgroup> sums: array<f32, WORKGROUP * VALUES>;

// What three taps beside each other have, four columns apart.
struct Row {
    left: vec4<f32>,
    middle: vec4<f32>,
    right: vec4<f32>,
}

fn add_row(to: ptr<function, Row>, grad: vec4<f32>, source: u32, row: u32, column: u32) {
    // the row above the first is a huge number
    if (row < params.rows) {
        let values = beside(source + row * params.cols, column);
        (*to).left += grad * values.left;
        (*to).middle += grad * values.middle;
        (*to).right += grad * values.right;
    }
}

fn total(v: vec4<f32>) -> f32 {
    return (v.x + v.y) + (v.z + v.w);
}

fn keep(thread: u32, first: u32, row: Row) {
    sums[first * WORKGROUP + thread] = total(row.left);
    sums[(first + 1u) * WORKGROUP + thread] = total(row.middle);
    sums[(first + 2u) * WORKGROUP + thread] = total(row.right);
}

@compute @workgroup_size(WORKGROUP)
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) thread: u32,
) {
    let i = group_index(group, groups);
    let channel = i % params.channels;
    let slice = i / params.channels;
    let quads = (params.cols + 3u) / 4u;
    let of_example = params.rows * quads;
    let first = min(slice * params.together, params.examples);
    let last = min(first + params.together, params.examples);
    var above = Row();
    var here = Row();
    var below = Row();
    var bias = vec4<f32>();
    for (var place = thread; place < (last - first) * of_example; place += WORKGROUP) {
        let example = first + place / of_example;
        let row = place % of_example / quads;
        let column = place % quads * 4u;
        let source = params.input_base + example * params.input_example;
        let of_grad = params.grad_base + example * params.grad_example + channel * params.rows * params.cols;
        let g = load_grad(of_grad + row * params.cols + column, params.cols - column);
        add_row(&above, g, source, row - 1u, column);
        add_row(&here, g, source, row, column);
        add_row(&below, g, source, row + 1u, column);
        bias += g;
    }
    keep(thread, 0u, above);
    keep(thread, 3u, here);
    keep(thread, 6u, below);
    sums[9u * WORKGROUP + thread] = total(bias);
    for (var half = WORKGROUP / 2u; half > 0u; half /= 2u) {
        workgroupBarrier();
        if (thread < half) {
            for (var value = 0u; value < VALUES; value++) {
                sums[value * WORKGROUP + thread] += sums[value * WORKGROUP + thread + half];
            }
        }
    }
    workgroupBarrier();
    if (thread < VALUES && first < last) {
        out[(slice * params.channels + channel) * VALUES + thread] = sums[thread * WORKGROUP];
    }
}
