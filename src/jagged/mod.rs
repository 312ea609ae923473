//! Jagged tensors on the device: what trainers do around embedding tables, as FBGEMM's sparse operations do
//! it.
//!
//! - lengths and offsets: [`complete_cumsum`], [`inclusive_cumsum`], [`exclusive_cumsum`], and [`Offsets`],
//!   which are checked;
//! - batches of ids: [`KeyedJagged`] with its features permuted, split, joined, or its values sorted into
//!   buckets;
//! - `f32` values: [`jagged_to_padded_dense`] and [`dense_to_jagged`], each the gradient of the other, and
//!   [`segment_sum`];
//! - pooled embeddings: [`PooledOrder`].
//!
//! The host knows how many values there are, the device which segments they belong to. Where an operation
//! makes a tensor whose number of values depends on the device's data, the caller says it and the device
//! checks it. When an operation returns an error it has recorded nothing, and what is wrong on the device
//! shows when the submission is waited for.
//!
//! ```
//! use embag::jagged::{KeyedJagged, jagged_to_padded_dense, segment_sum};
//! use embag::{Buffer, Context, DeviceBatch, Matrix, Recorder};
//!
//! let ctx = Context::cpu();
//! let mut rec = Recorder::new(&ctx);
//! // two features of two examples: [7, 8], [9] and [], [4]
//! let ids = Buffer::from_slice(&ctx, &[7u32, 8, 9, 4])?;
//! let lengths = Buffer::from_slice(&ctx, &[2u32, 1, 0, 1])?;
//! let ids = DeviceBatch::from_lengths(2, ids, lengths).counts(vec![3, 1]);
//! let ids = KeyedJagged::new(&mut rec, 2, ids)?;
//! let turned = ids.permute(&mut rec, &[1, 0], None)?;
//! let values = rec.readback::<u32>(turned.values());
//!
//! let scores = Matrix::from_slice(&ctx, &[0.5, 1.0, 2.0, 4.0], 4, 1)?;
//! let (padded, sums) = (Matrix::zeros(&ctx, 4, 2)?, Matrix::zeros(&ctx, 4, 1)?);
//! jagged_to_padded_dense(&mut rec, ids.offsets(), &scores, -1.0, &padded)?;
//! segment_sum(&mut rec, ids.offsets(), &scores, &sums)?;
//! rec.run()?;
//! assert_eq!(values.wait()?, [4, 7, 8, 9]);
//! assert_eq!(padded.to_vec(&ctx)?, [0.5, 1.0, 2.0, -1.0, -1.0, -1.0, 4.0, -1.0]);
//! assert_eq!(sums.to_vec(&ctx)?, [1.5, 2.0, 0.0, 4.0]);
//! # Ok::<(), embag::Error>(())
//! ```

mod blocks;
mod bucketize;
mod cumsum;
mod join;
mod keyed;
mod offsets;
mod padded;
mod permute;
mod plan;
mod pooled;
mod segment_sum;
mod split;

pub use bucketize::Bucketized;
pub use cumsum::{complete_cumsum, exclusive_cumsum, inclusive_cumsum};
pub use keyed::KeyedJagged;
pub use offsets::Offsets;
pub use padded::{dense_to_jagged, jagged_to_padded_dense};
pub use pooled::PooledOrder;
pub use segment_sum::segment_sum;
