// One feature of a batch as one dispatch sees it.
struct ChunkFeature {
    // first thread of the dispatch that works for this feature
    work_begin: u32,
    // the bag of the first row of the output
    first_bag: u32,
    // chunks of a row
    chunks: u32,
    // 1: divided by the bag's number of ids
    mean: u32,
    // where the slots of the table's rows begin
    slots_base: u32,
    // element of the output where the feature begins
    out_base: u32,
}

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
