//! The modules on burn's device, beside the same calls of embag alone.

mod common;
mod kinds;
mod like_burn;
mod module;
#[path = "../random_shapes/mod.rs"]
mod random_shapes;
mod steps;
mod tensors;
mod weighted;
