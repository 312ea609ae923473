struct Params {
    rows: u32,
    cols: u32,
    // elements where the matrix begins, and from row to row
    input_base: u32,
    input_stride: u32,
    out_base: u32,
    // 1: the sums are added to `out`
    accumulate: u32,
}
