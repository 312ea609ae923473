// A 3 x 3 convolution of every example, zeros around it. A thread makes four columns of a row of one channel; to
// the bias come the input's channels in order, their rows from above, and in each the taps from the left.

// Taps of a pair of channels.
override TAPS: u32;

fn tap(output: u32, channel: u32, at: u32) -> f32 {
    let first = params.taps_base + output * params.taps_output + channel * params.taps_input;
    // turned around, it is the gradient of the input
    return taps[first + select(at, TAPS - 1u - at, params.turned == 1u)];
}

@compute @workgroup_size(WORKGROUP)
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) thread: u32,
) {
    let i = group_index(group, groups) * WORKGROUP + thread;
    let quads = (params.cols + 3u) / 4u;
    if (i >= params.examples * params.outputs * params.rows * quads) {
        return;
    }
    let column = i % quads * 4u;
    let row = i / quads % params.rows;
    let output = i / (quads * params.rows) % params.outputs;
    let example = i / (quads * params.rows * params.outputs);
    let size = params.rows * params.cols;
    var sum = vec4<f32>();
    if (params.biased == 1u) {
        sum = vec4<f32>(taps[params.taps_base + output * params.taps_output + TAPS]);
    }
    for (var channel = 0u; channel < params.channels; channel++) {
        let source = params.input_base + example * params.input_example + channel * size;
        for (var step = 0u; step < 3u; step++) {
            // the row above the first is a huge number
            let from_row = row + step - 1u;
            if (from_row < params.rows) {
                let values = beside(source + from_row * params.cols, column);
                sum += tap(output, channel, step * 3u) * values.left;
                sum += tap(output, channel, step * 3u + 1u) * values.middle;
                sum += tap(output, channel, step * 3u + 2u) * values.right;
            }
        }
    }
    let at = params.out_base + example * params.out_example + output * size + row * params.cols + column;
    let left = params.cols - column;
    if (params.accumulate == 1u) {
        sum = load_out(at, left) + sum;
    }
    store_out(at, left, sum);
}
