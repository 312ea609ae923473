// Sixteen threads a row, and what they add up.
const LANES: u32 = 16u;

var<workgroup> sums: array<vec4<f32>, WORKGROUP>;

struct Lane {
    row: u32,
    // 0 behind the last row, where threads only keep step
    cols: u32,
    lane: u32,
    thread: u32,
}

fn lane_of(group: u32, thread: u32) -> Lane {
    let row = group * (WORKGROUP / LANES) + thread / LANES;
    return Lane(row, select(0u, params.cols, row < params.rows), thread % LANES, thread);
}

// The sum over a row of what its lanes have: the same in all of them.
fn lanes_sum(place: Lane, sum: vec4<f32>) -> f32 {
    // others may still read the last sums
    workgroupBarrier();
    sums[place.thread] = sum;
    for (var half = LANES / 2u; half > 0u; half /= 2u) {
        workgroupBarrier();
        if (place.lane < half) {
            sums[place.thread] += sums[place.thread + half];
        }
    }
    workgroupBarrier();
    let total = sums[place.thread - place.lane];
    return (total.x + total.y) + (total.z + total.w);
}

fn squares(place: Lane, source: u32, times: f32) -> f32 {
    var sum = vec4<f32>();
    for (var column = place.lane * 4u; column < place.cols; column += LANES * 4u) {
        let value = load_input(source + column, place.cols - column) * times;
        sum += value * value;
    }
    return lanes_sum(place, sum);
}

fn row_norm(place: Lane, source: u32) -> Norm {
    let sum = squares(place, source, 1.0);
    // all threads keep step: another row of the group may need the second sum
    let small_sum = squares(place, source, SMALL);
    let huge = is_infinite(sum);
    return Norm(sqrt(select(sum, small_sum, huge)), select(1.0, SMALL, huge));
}
