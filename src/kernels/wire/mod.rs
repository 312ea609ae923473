//! What ranks send of vectors that are thresholded: which values, and codes of their places.

pub(crate) mod index_count;
pub(crate) mod index_lengths;
pub(crate) mod index_place;
pub(crate) mod index_write;
pub(crate) mod scatter_add;
pub(crate) mod threshold_count;
pub(crate) mod threshold_mask;
pub(crate) mod threshold_pack;
