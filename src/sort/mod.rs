//! Prefix sum and radix sort: internal operations that are useful by themselves.

mod prefix_sum;
mod radix;

pub use prefix_sum::prefix_sum;
pub use radix::{Sorted, sort_by_key};
