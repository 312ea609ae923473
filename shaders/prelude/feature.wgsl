// One feature of a batch as one dispatch sees it: where its bags, its part of the table and its output lie.
const POOL_SUM: u32 = 0u;
const POOL_MEAN: u32 = 1u;
const POOL_NONE: u32 = 2u;
const POOL_MAX: u32 = 3u;
