struct Params {
    batch: u32,
    features: u32,
    // threads in all
    work: u32,
    // the rows of the output that `out` holds
    row_begin: u32,
    row_end: u32,
    weighted: u32,
    // element types
    rows_type: u32,
    out_type: u32,
}
