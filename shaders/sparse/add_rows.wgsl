// Adds the rows of one gradient, times a factor, to those of another, which has them all: `targets` ascend.
// `lanes` threads share a row.

const NONE: u32 = 0xffffffffu;

@compute @workgroup_size(WORKGROUP)
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) thread: u32,
) {
    let index = group_index(group, groups) * WORKGROUP + thread;
    let i = index / params.lanes;
    let lane = index % params.lanes;
    if (i >= params.len) {
        return;
    }
    let row = rows[params.first + i];
    if (row == NONE) {
        return;
    }
    // the first target that is not below the row
    var low = 0u;
    var high = params.targets;
    while (low < high) {
        let middle = low + (high - low) / 2u;
        if (targets[middle] < row) {
            low = middle + 1u;
        } else {
            high = middle;
        }
    }
    if (low < params.out_first || low - params.out_first >= params.out_rows) {
        return;
    }
    if (targets[low] != row) {
        return;
    }
    if (lane == 0u) {
        // a number that is full stays so
        let sum = totals[low] + max(counts[params.first + i], 1u);
        totals[low] = select(sum, NONE, sum < totals[low]);
    }
    let e = params.values_base + i * params.values_stride;
    let target_e = params.out_base + (low - params.out_first) * params.out_stride;
    for (var column = lane; column < params.dim; column += params.lanes) {
        out[target_e + column] += values[e + column] * params.factor;
    }
}
