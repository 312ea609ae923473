//! Tables without a vocabulary, whose rows have as many columns as they are worth: fine-grained in-training
//! embedding dimension optimisation (FIITED, Luo et al. 2024, arXiv 2401.04408).
//!
//! [`ChunkedTables`] cut each embedding vector into chunks of columns, of which each lives or not. Raw 64-bit
//! ids are hashed to virtual ids ("virtually hashed"), and an [`IdDirectory`](crate::IdDirectory) on the device knows the row of
//! each ("physically indexed"): ids that never occur cost nothing. A row has a slot number for each of its
//! chunks, in a store of a fixed number of slots, and a [`Utility`] for each of them, whether it has a slot
//! or not. From time to time [`ChunkedTables::adjust`] takes the slots of the chunks that are worth least and
//! gives them to others. The forward gives vectors of all columns, with zeros where chunks are absent, so
//! that a model needs no change; the backward uses any fused optimizer, whose state lives with the slot.
//!
//! ```
//! use embag::chunked::ChunkedTables;
//! use embag::optim::RowwiseAdagrad;
//! use embag::{Context, Pooling};
//!
//! let ctx = Context::cpu();
//! let mut tables = ChunkedTables::builder(&ctx)
//!     .table("movie", 1_000, 16) // at most 1,000 distinct ids, 16 columns
//!     .feature("liked", "movie", Pooling::Sum)
//!     .chunk_width(4)
//!     .slots(2_000) // half of the 4,000 chunks that there may be
//!     .optimizer(RowwiseAdagrad::new(0.1))
//!     .build()?;
//! for step in 1..=20u64 {
//!     // two bags of whatever ids the data have
//!     let ids = [9_007_199_254_740_993, step, 42 * step];
//!     let batch = tables.admit(tables.batch().bags("liked", &ids, &[2, 1]))?;
//!     let pooled = tables.forward(&batch)?; // [2, 16], on the device
//!     tables.backward(&batch, &pooled)?; // here the output stands in for its gradient
//!     if step % 10 == 0 {
//!         let adjusted = tables.adjust(0.75, 1.0)?;
//!         assert_eq!(adjusted.resident, adjusted.chunks - adjusted.chunks * 3 / 4);
//!     }
//! }
//! let row = tables.row("movie", 9_007_199_254_740_993)?.expect("it was admitted");
//! assert!(row.slots.iter().all(Option::is_some), "the most frequent one keeps its chunks");
//! // serving: ids without a row stand for zeros
//! let served = tables.forward(&tables.find(tables.batch().feature("liked", &[7_777_777u64]))?)?;
//! assert_eq!(served.to_vec(&ctx)?, [0.0; 16]);
//! # Ok::<(), embag::Error>(())
//! ```
//!
//! A directory is of use without chunks too: it gives ordinary tables raw ids.
//!
//! ```
//! use embag::IdDirectory;
//! use embag::optim::Sgd;
//! use embag::{Bounds, Buffer, Context, DeviceBatch, EmbeddingBags, Pooling, Recorder, Table};
//!
//! let ctx = Context::cpu();
//! let mut directory = IdDirectory::new(&ctx, 1_000)?;
//! let mut bags = EmbeddingBags::builder(&ctx)
//!     .table("t", Table::rows(1_000).dim(8))
//!     .feature("f", "t", Pooling::Sum)
//!     .bounds(Bounds::Skip) // ids without a row count for nothing
//!     .optimizer(Sgd::default())
//!     .build()?;
//! // whatever the data say
//! let raw = Buffer::from_slice(&ctx, &[9_007_199_254_740_993u64, 42, 9_007_199_254_740_993])?;
//! let mut rec = Recorder::new(&ctx);
//! let rows = ctx.allocate("rows", 3 * 4)?;
//! directory.record_admit(&mut rec, &raw, &rows)?;
//! let lengths = Buffer::from_slice(&ctx, &[2u32, 1])?;
//! let batch = DeviceBatch::from_lengths(2, rows.clone(), lengths).counts(vec![3]);
//! let batch = bags.batch_from_device(&mut rec, batch)?;
//! rec.run()?;
//! let pooled = bags.forward(&batch)?;
//! bags.backward(&batch, &pooled)?; // here the output stands in for its gradient
//! let rows = rows.read::<u32>(&ctx)?;
//! assert!(rows[0] == rows[2] && rows[0] != rows[1]);
//! assert_eq!(directory.usage()?.rows, 2);
//! # Ok::<(), embag::Error>(())
//! ```

mod adjust;
mod admit;
mod backward;
mod batch;
mod budget;
mod builder;
mod bytes;
mod checkpoint;
mod export;
mod follow;
mod forward;
mod gathered;
mod lookup;
mod pruned;
mod room;
mod row;
mod tables;
mod utility;
mod weight_grad;

pub use adjust::{Adjustment, Shares};
pub use batch::ChunkedBatch;
pub use builder::ChunkedTablesBuilder;
pub use bytes::ChunkedBytes;
pub use export::ExportedRows;
pub(crate) use export::WholeTable;
pub use pruned::PrunedTables;
pub use room::{Eviction, Growth, TableStats, WhenFull};
pub use row::ChunkedRow;
pub use tables::ChunkedTables;
pub use utility::{Frequency, Utility};
