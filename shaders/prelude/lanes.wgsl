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
