// What a thread of chunk_pool sums: words at `work * LIST`, before the slots of all lists.
const LIST: u32 = 8u;
// the first entry of the first window, and entries from one of its slots to the next
const LIST_BEGIN: u32 = 0u;
const LIST_STEP: u32 = 1u;
// element of the output, and what sums are divided by
const LIST_OUT: u32 = 2u;
const LIST_DIVISOR: u32 = 3u;
// where the entries of each of four windows end
const LIST_ENDS: u32 = 4u;
