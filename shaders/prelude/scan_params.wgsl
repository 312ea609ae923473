struct Params {
    len: u32,
    // values in a block: a multiple of the workgroup
    block: u32,
    // 1: `sums` holds what comes before each block
    carry: u32,
}
