// Rows of codes (or of floats of another type) from rows of floats, sixteen threads a row. The sum of the
// squared errors is that of row_update: lane l takes the columns 4 l to 4 l + 3 of every 64, and a tree adds
// the lanes.

const LANES: u32 = 16u;

var<workgroup> ranges: array<vec2<i32>, WORKGROUP>;
var<workgroup> left_sums: array<vec4<f32>, WORKGROUP>;
var<workgroup> right_sums: array<vec4<f32>, WORKGROUP>;

@compute @workgroup_size(WORKGROUP)
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) thread: u32,
) {
    let lane = thread % LANES;
    let row = group_index(group, groups) * (WORKGROUP / LANES) + thread / LANES;
    let there = row < params.rows && status[0] == NONE;
    let source = params.source_base + row * params.source_stride;
    let dim = select(0u, params.dim, there);
    let first = thread - lane;

    var range = NO_RANGE;
    for (var column = lane * 4u; column < dim; column += LANES * 4u) {
        range = widened(range, load_rows(source, column, dim - column), dim - column);
    }
    ranges[thread] = range;
    for (var half = LANES / 2u; half > 0u; half /= 2u) {
        workgroupBarrier();
        if (lane < half) {
            let other = ranges[thread + half];
            ranges[thread] = vec2<i32>(min(ranges[thread].x, other.x), max(ranges[thread].y, other.y));
        }
    }
    workgroupBarrier();
    var best = range_of(ranges[first]);
    if (params.greedy == 1u) {
        let step = divide(best.y - best.x, BINS);
        let kept = KEPT_BINS * step;
        var now = best;
        var least = losses(source, lane, thread, dim, now, now).x;
        for (var i = 0u; i < STEPS; i++) {
            let left = vec2<f32>(now.x + step, now.y);
            let right = vec2<f32>(now.x, now.y - step);
            let loss = losses(source, lane, thread, dim, left, right);
            if (now.x + kept < now.y) {
                let go_left = loss.x < loss.y;
                now = select(right, left, go_left);
                let smaller = select(loss.y, loss.x, go_left);
                if (smaller < least) {
                    least = smaller;
                    best = now;
                }
            }
        }
    }
    if (!there) {
        return;
    }
    let scale = scale_of(best.x, best.y);
    let out_row = params.out_base + row * params.out_stride;
    let header = header_words();
    if (lane == 0u && header > 0u) {
        store_header(out_row, scale);
    }
    for (var word = lane; word < params.out_stride - header; word += LANES) {
        out[out_row + header + word] = word_of(source, word, scale);
    }
}

// The losses of a row with two ranges.
fn losses(source: u32, lane: u32, thread: u32, dim: u32, left: vec2<f32>, right: vec2<f32>) -> vec2<f32> {
    let left_scale = scale_of(left.x, left.y);
    let right_scale = scale_of(right.x, right.y);
    var left_sum = vec4<f32>();
    var right_sum = vec4<f32>();
    for (var column = lane * 4u; column < dim; column += LANES * 4u) {
        let value = load_rows(source, column, dim - column);
        left_sum += squared_loss(value, dim - column, left_scale);
        right_sum += squared_loss(value, dim - column, right_scale);
    }
    workgroupBarrier();
    left_sums[thread] = left_sum;
    right_sums[thread] = right_sum;
    for (var half = LANES / 2u; half > 0u; half /= 2u) {
        workgroupBarrier();
        if (lane < half) {
            left_sums[thread] += left_sums[thread + half];
            right_sums[thread] += right_sums[thread + half];
        }
    }
    workgroupBarrier();
    let l = left_sums[thread - lane];
    let r = right_sums[thread - lane];
    return vec2<f32>((l.x + l.y) + (l.z + l.w), (r.x + r.y) + (r.z + r.w));
}
