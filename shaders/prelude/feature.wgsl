// One feature of a batch as one dispatch sees it: where its bags, its part of the table and its output lie.
const POOL_SUM: u32 = 0u;
const POOL_MEAN: u32 = 1u;
const POOL_NONE: u32 = 2u;
const POOL_MAX: u32 = 3u;

struct Feature {
    // first thread of the dispatch that works for this feature
    work_begin: u32,
    // its bags are index * batch .. (index + 1) * batch
    index: u32,
    // threads for a bag
    lanes: u32,
    dim: u32,
    // rows of the whole table: ids from there on are skipped, like the padding id
    rows: u32,
    padding: u32,
    pooling: u32,
    // the rows window_first .. window_first + window_rows lie in this dispatch's window, from this element on and so
    // many elements from row to row
    window_first: u32,
    window_rows: u32,
    window_base: u32,
    window_stride: u32,
    // 1: this dispatch writes the output, 0: it adds to what earlier windows wrote
    initial: u32,
    // element of the output (or of its gradient) where the feature begins, and elements from row to row
    out_base: u32,
    out_stride: u32,
    // the sort key of the table's row 0
    key_base: u32,
    // what lies before the feature's ids in the batch and belongs to other dispatches: taken from the positions of its keys
    shift: u32,
}
