struct Params {
    features: u32,
    // threads in all
    work: u32,
    // rows of the output, and elements from row to row
    bags: u32,
    out_stride: u32,
    // columns of a chunk
    width: u32,
    // the slots of the window, and the element of the first
    first_slot: u32,
    slots: u32,
    base: u32,
    // 1: nothing was written before
    initial: u32,
}
