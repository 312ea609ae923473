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
    // 1: the id NONE stands for a row of zeros, which counts
    pruned: u32,
}

// How much an id that is no row counts.
fn pruned(id: u32) -> u32 {
    return select(0u, 1u, params.pruned == 1u && id == NONE);
}
