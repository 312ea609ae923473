struct Params {
    // bags, and the first of them
    bags: u32,
    first_bag: u32,
    // chunks of a row, and columns of a chunk
    chunks: u32,
    width: u32,
    // 1: divided by the bag's number of ids
    mean: u32,
    // the slots of the window, and the element of the first
    first_slot: u32,
    slots: u32,
    base: u32,
    // 1: nothing was written before
    initial: u32,
    out_base: u32,
    out_stride: u32,
}
