//! Gradients of table rows without an optimizer: for accumulation, for data-parallel training, or for a
//! caller's own optimizer.

mod accumulated;
mod given;
mod guard;
mod make;
mod rename;
mod sparse_gradient;
mod sum;
mod update;

pub use sparse_gradient::SparseGradient;
pub(crate) use sparse_gradient::Target;
pub(crate) use update::gradient_tables;
