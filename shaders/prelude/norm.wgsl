// The length of a row: `root` divided by what its values were multiplied by before they were squared. That is
// 1, but where the sum of the squares would be infinite.
struct Norm {
    root: f32,
    times: f32,
}

// 2^-80: the largest values have squares then that can be added up.
const SMALL: f32 = 0x1p-80f;

// By its bits, which no compiler doubts.
fn is_infinite(sum: f32) -> bool {
    return bitcast<u32>(sum) == 0x7f800000u;
}
