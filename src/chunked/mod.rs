//! Tables without a vocabulary: raw 64-bit ids are hashed to virtual ids, and an [`IdDirectory`] on the device knows the
//! row of each.
//!
//! This is the retrieval half of virtually hashed, physically indexed embeddings (FIITED, Luo et al. 2024,
//! arXiv 2401.04408): ids that never occur cost nothing, and the hash never sees how many rows there are.
//!
//! ```
//! use embag::chunked::IdDirectory;
//! use embag::{Bounds, Buffer, Context, DeviceBatch, EmbeddingBags, Pooling, Recorder, Sgd, Table};
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
//! let batch = DeviceBatch {
//!     batch: 2,
//!     ids: rows.clone(),
//!     bags: Buffer::from_slice(&ctx, &[2u32, 1])?,
//!     lengths: true,
//!     weights: None,
//!     counts: Some(vec![3]),
//!     examples: None,
//! };
//! let batch = bags.batch_from_device(&mut rec, batch)?;
//! rec.run()?;
//! let pooled = bags.forward(&batch)?;
//! bags.backward(&batch, &pooled)?; // here the output stands in for its gradient
//! let rows = rows.read::<u32>(&ctx)?;
//! assert!(rows[0] == rows[2] && rows[0] != rows[1]);
//! assert_eq!(directory.usage()?.rows, 2);
//! # Ok::<(), embag::Error>(())
//! ```

mod id_directory;

pub use id_directory::{DirectoryUsage, IdDirectory};
