// The gradient of each distinct row, and how often the row was there: the sums that row_update makes, in the
// same order. `lanes` threads share a row, each with every lanes-th group of four columns.

@compute @workgroup_size(WORKGROUP)
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) thread: u32,
) {
    let i = group_index(group, groups) * (WORKGROUP / params.lanes) + thread / params.lanes;
    let lane = thread % params.lanes;
    let place = params.first + i;
    if (i >= params.rows || place >= total[0]) {
        return;
    }
    let row = Row(begins[place], begins[place + 1u], params.dim);
    if (lane == 0u) {
        counts[place] = row.end - row.begin;
    }
    for (var column = lane * 4u; column < row.dim; column += params.lanes * 4u) {
        store_out(params.out_base + i * params.out_stride + column, row.dim - column, terms_sum(row, column));
    }
}
