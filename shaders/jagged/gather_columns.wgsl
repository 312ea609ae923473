// Columns in another order: out[r][c] is the sum of the columns of `input` that column c is made of, 0 if
// there are none.

@compute @workgroup_size(WORKGROUP)
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) lane: u32,
) {
    let i = group_index(group, groups) * WORKGROUP + lane;
    if (i >= params.rows * params.cols) {
        return;
    }
    let row = i / params.cols;
    let column = i % params.cols;
    let begin = begins[column];
    let end = begins[column + 1u];
    let first = params.input_base + row * params.input_stride;
    var sum = Elem();
    if (begin < end) {
        // a copy is one to the bit
        sum = input[first + columns[begin]];
    }
    for (var k = begin + 1u; k < end; k++) {
        sum += input[first + columns[k]];
    }
    out[params.out_base + row * params.out_stride + column] = sum;
}
