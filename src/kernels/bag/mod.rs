//! Lookup and pooling of bags.

pub(crate) mod bag_forward;
pub(crate) mod copy_rows;
pub(crate) mod max_grad;
pub(crate) mod max_places;
pub(crate) mod round_rows;
pub(crate) mod weight_grad;
