struct Params {
    // rows to make, and their columns
    rows: u32,
    dim: u32,
    // element of the first row in the source, and elements from row to row
    source_base: u32,
    source_stride: u32,
    rows_type: u32,
    // word of the first row in the output, and words from row to row
    out_base: u32,
    out_stride: u32,
    out_type: u32,
    // 1: the range with the smallest loss is looked for
    greedy: u32,
}

// Bins that the search cuts a row's range into, how many of them it keeps at least, and its most steps.
const BINS: f32 = 200.0;
const KEPT_BINS: f32 = 168.0;
const STEPS: u32 = 40u;
