//! The row functions of the optimizers: twins of `shaders/optimizer/`.

mod adagrad;
mod rowwise_adagrad;
mod sgd;

use crate::kernels::row_update::Params;

/// Updates one row with its gradient; `state` is what the optimizer keeps for the row.
pub(super) type RowFunction = fn(&Params, row: &mut [f32], gradient: &[f32], state: &mut [f32]);

/// In the order of [`OPTIMIZERS`](crate::kernels::row_update::OPTIMIZERS).
pub(super) const ROW_FUNCTIONS: [RowFunction; 3] = [sgd::update, rowwise_adagrad::update, adagrad::update];
