//! What quantisation costs: measured on the same examples, part by part, and held within a budget.
//!
//! [`PairedNe`] measures the difference of two models' normalized entropy with its confidence interval. Recommenders are
//! commonly allowed 0.02 to 0.05 %, which is resolved by a pair on the same examples, not by two models on two samples.

mod paired_ne;

pub use paired_ne::{NeDifference, PairedNe};
