//! The row functions of the optimizers: twins of `shaders/optimizer/`.

mod adagrad;
mod rowwise_adagrad;
mod sgd;

pub(super) use adagrad::Adagrad;
pub(super) use rowwise_adagrad::RowwiseAdagrad;
pub(super) use sgd::Sgd;

use crate::kernels::row_update::Params;

/// What an optimizer does to one row. A type and not a function pointer, so that it is compiled into the loop that is
/// vectorised for the processor.
pub(super) trait RowOptimizer {
    /// Updates a row with its gradient; `state` is what the optimizer keeps for the row.
    fn update(p: &Params, row: &mut [f32], gradient: &[f32], state: &mut [f32]);
}
