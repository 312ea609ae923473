// Adds the rows of one gradient, times a factor, to those of another, which has them all: `targets` ascend. `lanes`
// threads share a row.
@group(0) @binding(0) var<storage, read> rows: array<u32>;
@group(0) @binding(1) var<storage, read> counts: array<u32>;
@group(0) @binding(2) var<storage, read> values: array<Elem>;
@group(0) @binding(3) var<storage, read> targets: array<u32>;
@group(0) @binding(4) var<storage, read_write> out: array<Elem>;
@group(0) @binding(5) var<storage, read_write> totals: array<u32>;

struct Params {
    // rows that are added, and the first of them
    len: u32,
    first: u32,
    // targets in all, those in `out`, and the first of these
    targets: u32,
    out_rows: u32,
    out_first: u32,
    lanes: u32,
    factor: f32,
    // the rest in elements of the variant's width
    dim: u32,
    values_base: u32,
    values_stride: u32,
    out_base: u32,
    out_stride: u32,
}
@group(1) @binding(0) var<uniform> params: Params;

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
