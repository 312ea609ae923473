//! Embedding bags: jagged batches, lookup and pooling, fused backward.

mod backward;
mod batch;
mod builder;
mod checkpoint;
mod device_batch;
mod embedding_bags;
mod feature_list;
mod flat;
mod forward;
mod gradient;
mod host_batch;
mod maxima;
mod pooling;
mod rows;
mod schema;
mod section;
mod sparse;

pub use batch::JaggedBatch;
pub use builder::EmbeddingBagsBuilder;
pub(crate) use checkpoint::PREFIX;
pub use device_batch::DeviceBatch;
pub use embedding_bags::EmbeddingBags;
pub(crate) use feature_list::{FeatureList, feature_methods};
pub(crate) use flat::Flat;
pub(crate) use host_batch::as_given;
pub use host_batch::{BatchBuilder, Id};
pub use pooling::{Bounds, Pooling};
pub(crate) use schema::{FeatureSpec, Schema};
pub use sparse::SparseGradient;
