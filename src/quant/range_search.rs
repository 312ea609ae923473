//! Which range of values the codes of a row cover.

use serde::{Deserialize, Serialize};

/// Which range of values the codes of a row cover; what lies outside becomes the nearest end.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RangeSearch {
    /// From the smallest to the largest value, as FBGEMM does.
    #[default]
    MinMax,
    /// A greedy search: each step takes a two-hundredth of the whole range off the side that costs less, until
    /// 84 % is left; the best of the ranges on this way, by the sum of squared errors, is taken (Guan et al.,
    /// "Post-training 4-bit quantization on embedding tables", 2019; PyTorch's `choose_qparams_optimized`,
    /// which takes local minima alone). Never worse than [`RangeSearch::MinMax`], and slower by a factor of
    /// some sixty.
    Greedy,
}
