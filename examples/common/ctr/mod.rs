//! Click models: what they are made of, and how they are trained, on one device or by several ranks.
//!
//! | file | |
//! |---|---|
//! | `args.rs`, `model_args.rs`, `settings.rs`, `embedding.rs` | the command line, each format's defaults, and what a checkpoint keeps of both |
//! | `tables.rs` | what a trainer needs of embeddings: a program has its own kind of them |
//! | `fixed.rs`, `optimizer.rs` | tables of fixed size, and how they learn |
//! | `model.rs`, `over.rs` | the model, and what one step of training is |
//! | `trainer.rs`, `losses.rs`, `error.rs` | epochs, tests, checkpoints |
//! | `report.rs`, `summary.rs` | what is printed |

mod args;
mod embedding;
mod error;
pub mod fixed;
mod losses;
mod model;
mod model_args;
pub mod optimizer;
mod over;
mod report;
mod settings;
mod summary;
mod tables;
mod trainer;

pub use args::{Name, RunArgs, agree};
pub use embedding::{Chunked, Embedding, Target};
pub use error::TrainError;
pub use model::{Batch, INIT, PREFIX};
pub use report::{EpochReport, Table};
pub use settings::{Precision, Settings};
pub use summary::Summary;
pub use tables::Tables;
pub use trainer::Trainer;
