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
    // where the lists of the id at position 0 would begin
    lists_base: u32,
}
