// Accumulators of a column, and what becomes of their sum.
const LANES: u32 = 16u;

fn finish(column: u32, sum: f32) {
    if (column >= params.cols) {
        return;
    }
    let at = params.out_base + column;
    if (params.accumulate == 1u) {
        out[at] = out[at] + sum;
    } else {
        out[at] = sum;
    }
}
