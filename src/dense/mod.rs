//! The dense half of a recommender model: linear layers, the interaction of features, cross layers,
//! the loss, and optimizers.
//!
//! Everything works on [`Matrix`] and records into a [`Recorder`], so that a whole training step is one
//! submission. Views are matrices like any other: a layer may write the columns of a wider matrix that
//! another operation reads. (But one operation cannot read and write columns of the same matrix: their memory
//! overlaps, which is an error when the recorder is submitted.) When an operation returns an error it has
//! recorded nothing.
//!
//! ```
//! use embag::dense::{Activation, Mlp, record_bce_with_logits};
//! use embag::optim::Sgd;
//! use embag::{Context, Matrix, Recorder};
//!
//! let ctx = Context::cpu();
//! let mut mlp = Mlp::new(&ctx, &[2, 8, 1], Activation::None, 4, Sgd::new(0.1), 7)?;
//! let x = Matrix::from_slice(&ctx, &[0.0, 0.0, 0.0, 1.0, 1.0, 0.0, 1.0, 1.0], 4, 2)?;
//! let labels = Matrix::from_slice(&ctx, &[0.0, 1.0, 1.0, 1.0], 4, 1)?;
//! let [logits, loss, grad] = [(); 3].map(|()| Matrix::zeros(&ctx, 4, 1));
//! let (logits, loss, grad) = (logits?, loss?, grad?);
//!
//! let mut rec = Recorder::new(&ctx);
//! mlp.record_forward(&mut rec, &x, &logits)?;
//! record_bce_with_logits(&mut rec, &logits, &labels, &loss, &grad)?;
//! mlp.record_backward(&mut rec, &x, &logits, &grad, None)?;
//! mlp.record_step(&mut rec)?;
//! rec.run()?;
//! assert!(loss.to_vec(&ctx)?.iter().all(|loss| loss.is_finite()));
//! # Ok::<(), embag::Error>(())
//! ```
//!
//! # Stacked interactions
//!
//! [`Dhen`] stacks layers of several kinds of interaction ([`Module`]). **Axes**: an example's input is `tokens`
//! vectors of `dim` values one after the other in its row, as [`Interaction`] reads them: `X` is `[batch, tokens *
//! dim]`, and of one example a matrix of `tokens x dim`. A module makes `l` tokens of the `m` it is given: `U = W X`
//! with `W` of `[l, m]` mixes tokens and leaves values alone. (The paper writes tokens as columns, and mixes them on
//! the right.) A layer is
//!
//! ```text
//! Y = norm(ensemble of modules(X) + shortcut(X))
//! ```
//!
//! with the norm of every token over its values, a gain and a bias (`1e-5` is added to the variance); the shortcut
//! is `X` where the layer makes as many tokens as it is given, and a trained `W X` elsewhere.

mod batched;
mod checkpoint;
mod cross;
mod cross_net;
mod cut;
mod dhen;
mod elementwise;
mod interaction;
mod layer_norm;
mod layers;
mod linear;
mod loss;
mod mlp;
mod normalize;
mod optimizer;
mod parameter;
mod plan;
mod product;
mod room;
mod scratch;
mod softmax;
mod stack;
mod trained;

pub use cross::CrossLayer;
pub use cross_net::{CrossNet, CrossNetBuilder};
pub use cut::Cut;
pub(crate) use cut::{Schedule, record_mask};
pub use dhen::{Dhen, DhenBuilder, DhenLayer, Ensemble, Module};
pub use elementwise::{record_add, record_add_scaled, record_scale};
pub use interaction::Interaction;
pub use layer_norm::LayerNorm;
pub use layers::Layers;
pub use linear::{Activation, Linear};
pub use loss::{
    SoftmaxCrossEntropy, Targets, record_bce_with_logits, record_part_bce_with_logits,
    record_weighted_bce_with_logits,
};
pub use mlp::Mlp;
pub use normalize::{record_normalize_rows, record_normalize_rows_grad};
pub use optimizer::DenseOptimizer;
pub use parameter::NamedTensor;
pub(crate) use plan::{record, row_chunks};
pub(crate) use product::{Epilogue, Groups, grouped_product};
pub use product::{Factor, record_add_matmul, record_matmul};

#[cfg(doc)]
use crate::{Matrix, Recorder};
