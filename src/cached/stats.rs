//! What a cache did.

use std::ops::AddAssign;

/// What a cache did since it was made, or since [`CachedBags::reset_stats`](super::CachedBags::reset_stats).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct CacheStats {
    /// Distinct rows of placed batches that were on the device.
    pub hits: u64,
    /// Distinct rows of placed batches that were not, and were brought there.
    pub misses: u64,
    /// Rows that were brought there ahead of their batch.
    pub prefetched: u64,
    /// Rows that left the device for others.
    pub evictions: u64,
    /// Bytes of weights and optimizer state that went to the device.
    pub bytes_to_device: u64,
    /// Bytes that came back: of evicted rows that the device had changed, and of changed rows that the host
    /// wanted.
    pub bytes_to_host: u64,
}

impl CacheStats {
    /// Hits among hits and misses; 0 without any.
    #[must_use]
    pub fn hit_rate(&self) -> f64 {
        self.hits as f64 / (self.hits + self.misses).max(1) as f64
    }
}

impl AddAssign for CacheStats {
    fn add_assign(&mut self, other: Self) {
        self.hits += other.hits;
        self.misses += other.misses;
        self.prefetched += other.prefetched;
        self.evictions += other.evictions;
        self.bytes_to_device += other.bytes_to_device;
        self.bytes_to_host += other.bytes_to_host;
    }
}
