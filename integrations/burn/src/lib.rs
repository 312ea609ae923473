//! [embag](https://docs.rs/embag)'s embedding bags as a layer of a [burn](https://burn.dev) model: on burn's
//! wgpu device and queue, in burn's memory, without a copy.
//!
//! ```no_run
//! use burn::module::Module;
//! use burn::nn::Linear;
//! use burn::optim::{GradientsParams, SgdConfig};
//! use burn::tensor::{Device, Tensor};
//! use embag::optim::RowwiseAdagrad;
//! use embag::{JaggedBatch, Pooling, Table};
//!
//! #[derive(Module, Debug)]
//! struct Model {
//!     bags: embag_burn::EmbeddingBags,
//!     top: Linear,
//! }
//!
//! impl Model {
//!     fn forward(&self, batch: &JaggedBatch) -> embag::Result<Tensor<2>> {
//!         Ok(self.top.forward(self.bags.forward(batch)?)) // [examples, columns], tracked
//!     }
//! }
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let (device, ctx) = embag_burn::init(Device::wgpu_options())?; // before burn makes a tensor
//! let device = device.autodiff();
//! let bags = embag::EmbeddingBags::builder(&ctx)
//!     .table("movie", Table::rows(50_000).dim(64))
//!     .feature("liked", "movie", Pooling::Mean)
//!     .optimizer(RowwiseAdagrad::default())
//!     .build()?;
//! let bags = embag_burn::EmbeddingBags::new(bags, &device)?;
//! let mut model = Model { bags, top: burn::nn::LinearConfig::new(64, 1).init(&device) };
//! let mut optimizer = SgdConfig::new().init();
//!
//! let maker = model.bags.batches(); // for burn's Batcher, in its threads
//! let batch = maker.batch().bags("liked", &[5u32, 31, 900], &[2, 1]).build()?;
//! let loss = model.forward(&batch)?.powi_scalar(2).mean(); // yours
//! let gradients = GradientsParams::from_grads(loss.backward(), &model);
//! model.bags.step(0.05)?; // each touched row once
//! model = optimizer.step(0.05, model, gradients); // burn's own parameters
//! # Ok(())
//! # }
//! ```
//!
//! # Backward keeps, `step` updates
//!
//! The backward pass keeps the gradient of the outputs, and [`Tables::step`] updates the tables with it: so
//! schedules, accumulated gradients and steps that are left out are the trainer's, as for burn's own
//! optimizers, and errors have a way out. One gradient is embag's fused backward, to the bit; several
//! ([`EmbeddingBags::accumulate`](Tables::accumulate)) are summed row by row, and make one update.
//!
//! In burn's `Learner` (feature `train` of burn) that is the place of `TrainStep::optimize`, whose default
//! steps burn's own parameters only:
//!
//! ```ignore
//! impl TrainStep for Model {
//!     // ...
//!     fn optimize(self, optim: &mut ModuleOptimizer, lr: ModuleLearningRate, grads: GradientsParams) -> Self {
//!         self.bags.step(lr.base()).expect("an update of the tables");
//!         optim.step(lr, self, grads)
//!     }
//! }
//! ```
//!
//! The example `burn_dlrm` has it whole (`--features train -- --learner FOLDER`).
//!
//! # What a module of tables is to burn
//!
//! Clones share the tables. `valid()` does not track. Tables are no parameters: burn's optimizers would fetch
//! all of their rows in every step. [`Tables::save_tables`] and [`Tables::load_tables`] keep them in embag's
//! checkpoints; a record of the module holds the number of steps and the shapes, and after loading it
//! [`Tables::forward`] is an error until tables of that step are there, or [`Tables::accept_tables`] was
//! called. `freeze` and `unfreeze` reach the tables. They stay on their device: `fork` and `to_device` panic
//! for other hardware (burn's traits have no errors); for their own they change nothing, as with burn's
//! layers, which keep their autodiff settings too.
//!
//! # Devices
//!
//! Outputs, gradients and weights lie in burn's memory and are used there; what burn has recorded until then
//! is submitted first, and nothing waits for the device but saving and loading. Tables in a context of the
//! CPU work with tensors of burn's Flex, and of cubecl's devices that embag did not [`init`] or [`join`]:
//! outputs and gradients are then copied through host memory.

#![warn(clippy::cast_possible_truncation)]

mod backward;
mod batch;
mod device;
mod kind;
mod memory;
mod module;
mod stamp;
mod step;
mod tables;
mod weighted;

pub use device::{InitError, context_of, init, join};
pub use embag;
pub use kind::{Kind, Trained, Weighable};
pub use tables::Tables;

/// [Plain tables](embag::EmbeddingBags) as a module.
pub type EmbeddingBags = Tables<embag::EmbeddingBags>;

/// [Tables larger than the device's memory](embag::CachedBags) as a module; batches are placed with
/// [`Tables::with`].
pub type CachedBags = Tables<embag::CachedBags>;

/// [Tables on raw ids, in chunks](embag::ChunkedTables), as a module; batches are admitted with
/// [`Tables::with`].
pub type ChunkedTables = Tables<embag::ChunkedTables>;

/// [What is left of chunked tables](embag::PrunedTables) as a module that does not train.
pub type PrunedTables = Tables<embag::PrunedTables>;

/// [Quantised tables](embag::QuantizedBags) as a module that does not train.
pub type QuantizedBags = Tables<embag::QuantizedBags>;

/// [Rows of differing dimensions](embag::VariableRows) as a module.
pub type VariableRows = Tables<embag::VariableRows>;
