//! Tables larger than device memory: all rows on the host, the hot ones in a cache on the device.
//!
//! The device holds bags whose tables have a row for each slot of the cache. Placing a batch brings its rows
//! into slots and turns its ids into slot numbers; lookup and update then are those of any bags. Evicted rows
//! go back to the host with their optimizer state.

mod bags;
mod batch;
mod builder;
mod content;
mod directory;
mod operations;
mod place;
mod sparse;
mod stats;
mod traffic;

pub use bags::CachedBags;
pub use batch::CachedBatch;
pub use builder::CachedBagsBuilder;
pub use directory::Replacement;
pub use stats::CacheStats;
