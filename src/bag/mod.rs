//! Embedding bags: jagged batches, lookup and pooling, fused backward.

mod backward;
mod batch;
mod builder;
mod by_key;
mod checkpoint;
mod chunk;
mod device_batch;
mod embedding_bags;
mod flat;
mod forward;
mod gradient;
mod host_batch;
mod maxima;
mod pooling;
mod schema;
mod sparse;
mod state;
mod terms;
mod update;

pub use batch::JaggedBatch;
pub use builder::EmbeddingBagsBuilder;
pub(crate) use by_key::{CountedRows, KeySums, KeyTerms};
pub use device_batch::DeviceBatch;
pub use embedding_bags::EmbeddingBags;
pub(crate) use flat::Flat;
pub(crate) use host_batch::as_given;
pub use host_batch::{BatchBuilder, Id};
pub use pooling::{Bounds, Pooling};
pub(crate) use schema::{FeatureSpec, Schema};
pub use sparse::SparseGradient;
pub(crate) use update::Update;
