//! Prefix sum, radix sort and selection: internal operations that are useful by themselves.

mod distinct;
mod prefix_sum;
mod radix;
mod select;
mod top_k;

pub(crate) use distinct::SortedKeys;
pub use prefix_sum::prefix_sum;
pub(crate) use radix::sort_terms;
pub use radix::{Sorted, sort_by_key};
pub use select::select;
pub(crate) use select::{Keys, select_of, select_share};
pub use top_k::top_k;
