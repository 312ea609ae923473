//! Losses, with their gradients.

mod bce;
mod softmax;

pub use bce::{record_bce_with_logits, record_part_bce_with_logits, record_weighted_bce_with_logits};
pub use softmax::{SoftmaxCrossEntropy, Targets};
