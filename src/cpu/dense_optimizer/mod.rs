//! The optimizers of dense parameters: twins of `shaders/dense_optimizer/`.

pub(super) mod adagrad;
pub(super) mod adam;
pub(super) mod sgd;
