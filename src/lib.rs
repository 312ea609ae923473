//! Embedding bags on any GPU: sparse lookup, pooling and fused-optimizer backward in WGSL compute shaders, with a
//! CPU twin for every kernel that gives the same answer.

mod bag;
mod cached;
mod checkpoint;
pub mod chunked;
mod cpu;
pub mod dense;
mod device;
mod error;
mod gpu;
pub mod jagged;
pub mod kernel;
pub mod kernels;
pub mod metrics;
mod numbers;
mod optimizer;
pub mod quant;
pub mod sort;
mod table;
pub mod variable;

pub use bag::{
    BatchBuilder, Bounds, DeviceBatch, EmbeddingBags, EmbeddingBagsBuilder, Id, JaggedBatch, Pooling,
    SparseGradient,
};
pub use cached::{CacheStats, CachedBags, CachedBagsBuilder, CachedBatch, Replacement};
pub use checkpoint::{Checkpoint, Element};
pub use device::{
    Buffer, Context, ContextOptions, DeviceLimits, HalfMatrix, Matrix, Readback, Recorder, Submission,
};
pub use error::{Error, Result};
pub use optimizer::{
    Adagrad, Adam, Adjustment, BiasCorrection, Counting, CowClip, EpsPlace, Frequency, FrequencySgd, Ftrl,
    Lamb, LarsSgd, Optimizer, PartialRowwiseAdam, PartialRowwiseLamb, Rounding, RowwiseAdagrad,
    RowwiseAdagradCounter, Schedule, Sgd, StateField, StateKind, UpdateRules, WeightDecay,
};
pub use table::{Init, MAX_ROWS, Precision, Table};
/// The wgpu whose devices, queues and buffers contexts work on.
pub use wgpu;

/// The README's example is compiled and run.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
