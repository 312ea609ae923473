//! The optimizers of dense parameters: twins of `shaders/dense_optimizer/`.

pub(crate) mod adagrad;
pub(crate) mod adam;
pub(crate) mod sgd;
