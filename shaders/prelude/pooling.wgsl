// What is made of the rows of a bag.
const POOL_SUM: u32 = 0u;
const POOL_MEAN: u32 = 1u;
const POOL_NONE: u32 = 2u;
const POOL_MAX: u32 = 3u;
