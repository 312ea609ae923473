// Softmax cross-entropy over the candidates of a row, and its gradient: a workgroup a row. Sums go through 64
// accumulators, column c to number c % 64, and a tree adds them.

const LN_2: f32 = 0.69314718;

var<workgroup> values: array<f32, WORKGROUP>;

fn joined(thread: u32, value: f32, largest: bool) -> f32 {
    workgroupBarrier();
    values[thread] = value;
    for (var half = WORKGROUP / 2u; half > 2u; half /= 2u) {
        workgroupBarrier();
        if (thread < half) {
            let a = values[thread];
            let b = values[thread + half];
            values[thread] = select(a + b, max(a, b), largest);
        }
    }
    workgroupBarrier();
    let a = vec4<f32>(values[0], values[1], values[2], values[3]);
    return select((a.x + a.y) + (a.z + a.w), max(max(a.x, a.y), max(a.z, a.w)), largest);
}

struct RowOf {
    logits: u32,
    target_column: u32,
    group: u32,
}

// Whether a candidate takes part: not if it is the target under another column.
fn counts(row: RowOf, column: u32) -> bool {
    return params.grouped == 0u || column == row.target_column || marks[params.rows + column] != row.group;
}

fn score(row: RowOf, column: u32) -> f32 {
    let logit = logits[row.logits + column];
    if (params.corrected == 0u) {
        return logit;
    }
    return logit - log_q[params.log_q_base + column];
}

@compute @workgroup_size(WORKGROUP)
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) thread: u32,
) {
    let index = group_index(group, groups);
    let there = index < params.rows;
    let cols = select(0u, params.cols, there);
    let target_column = select(0u, marks[min(index, params.rows - 1u)], there);
    var row = RowOf(params.logits_base + index * params.logits_stride, target_column, 0u);
    if (there && params.grouped == 1u) {
        row.group = marks[params.rows + target_column];
    }

    var most = -0x1.fffffep+127f;
    for (var column = thread; column < cols; column += WORKGROUP) {
        if (counts(row, column)) {
            most = max(most, score(row, column));
        }
    }
    most = joined(thread, most, true);
    var sum = 0.0;
    for (var column = thread; column < cols; column += WORKGROUP) {
        if (counts(row, column)) {
            sum += exp_2_or_zero((score(row, column) - most) * LOG2_E);
        }
    }
    sum = joined(thread, sum, false);
    if (!there) {
        return;
    }
    var weight = 1.0;
    if (params.weighted == 1u) {
        weight = weights[params.weights_base + index * params.weights_stride];
    }
    if (thread == 0u) {
        // the logarithm of a number that is none is not asked for
        let finite = (bitcast<u32>(sum) & 0x7fffffffu) < 0x7f800000u;
        let log_sum = select(sum, log_2(sum) * LN_2, finite);
        let of_target = score(row, target_column) - most;
        // rows that are left out may hold anything
        loss[params.loss_base + index * params.loss_stride] =
            select(weight * (log_sum - of_target), 0.0, weight == 0.0);
    }
    let factor = weight * params.scale;
    let to = params.grad_base + index * params.grad_stride;
    for (var column = thread; column < cols; column += WORKGROUP) {
        var share = 0.0;
        if (counts(row, column)) {
            share = exp_2_or_zero((score(row, column) - most) * LOG2_E) / sum;
        }
        let slope = factor * (share - select(0.0, 1.0, column == target_column));
        grad[to + column] = select(slope, 0.0, weight == 0.0);
    }
}
