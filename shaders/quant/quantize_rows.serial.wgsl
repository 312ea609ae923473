// quantize_rows for software adapters: one thread a row, the same order of sums.

@compute @workgroup_size(WORKGROUP)
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) thread: u32,
) {
    let row = group_index(group, groups) * WORKGROUP + thread;
    if (row >= params.rows || status[0] != NONE) {
        return;
    }
    let source = params.source_base + row * params.source_stride;
    var range = NO_RANGE;
    for (var column = 0u; column < params.dim; column += 4u) {
        range = widened(range, load_rows(source, column, params.dim - column), params.dim - column);
    }
    var best = range_of(range);
    if (params.greedy == 1u) {
        let step = divide(best.y - best.x, BINS);
        let kept = KEPT_BINS * step;
        var now = best;
        var least = losses(source, now, now).x;
        for (var i = 0u; i < STEPS; i++) {
            if (!(now.x + kept < now.y)) {
                break;
            }
            let left = vec2<f32>(now.x + step, now.y);
            let right = vec2<f32>(now.x, now.y - step);
            let loss = losses(source, left, right);
            let go_left = loss.x < loss.y;
            now = select(right, left, go_left);
            let smaller = select(loss.y, loss.x, go_left);
            if (smaller < least) {
                least = smaller;
                best = now;
            }
        }
    }
    let scale = scale_of(best.x, best.y);
    let out_row = params.out_base + row * params.out_stride;
    let header = header_words();
    if (header > 0u) {
        store_header(out_row, scale);
    }
    for (var word = 0u; word < params.out_stride - header; word++) {
        out[out_row + header + word] = word_of(source, word, scale);
    }
}

// The losses of a row with two ranges: sixteen sums that a tree adds.
fn losses(source: u32, left: vec2<f32>, right: vec2<f32>) -> vec2<f32> {
    let left_scale = scale_of(left.x, left.y);
    let right_scale = scale_of(right.x, right.y);
    var left_sums: array<vec4<f32>, 16>;
    var right_sums: array<vec4<f32>, 16>;
    for (var column = 0u; column < params.dim; column += 4u) {
        let value = load_rows(source, column, params.dim - column);
        let lane = (column / 4u) % 16u;
        left_sums[lane] += squared_loss(value, params.dim - column, left_scale);
        right_sums[lane] += squared_loss(value, params.dim - column, right_scale);
    }
    for (var half = 8u; half > 0u; half /= 2u) {
        for (var lane = 0u; lane < half; lane++) {
            left_sums[lane] += left_sums[lane + half];
            right_sums[lane] += right_sums[lane + half];
        }
    }
    let l = left_sums[0];
    let r = right_sums[0];
    return vec2<f32>((l.x + l.y) + (l.z + l.w), (r.x + r.y) + (r.z + r.w));
}
