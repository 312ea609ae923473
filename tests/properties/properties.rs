//! Random inputs against plain host code, by proptest.

#[path = "../common/mod.rs"]
mod common;
#[path = "../common/dense.rs"]
mod dense;
#[path = "../common/model.rs"]
mod model;
#[path = "../common/random.rs"]
mod random;

mod batches;
mod chunked_oracle;
mod jagged;
mod layers;
mod metrics;
mod retrieval;
mod sharded;
mod sort;
mod sparse;
