//! Tables that lie on several ranks: devices of one machine ([`Threads`]), or processes.
//!
//! [`ShardedBags`] are to ranks what [`EmbeddingBags`](crate::EmbeddingBags) are to one device. A [`Plan`]
//! places each table: whole on a rank, its rows or columns spread, or a copy everywhere ([`Placement`]).
//! Every rank gives its own examples and gets their pooled rows; ids, rows, and gradients travel between
//! ranks through a [`Group`], which counts what it sends by [`Traffic`].
//!
//! # Same bits
//!
//! The group's batch is the ranks' batches in the order of ranks. With the same gradients, rows and optimizer
//! state of tables that lie whole on a rank, or whose rows or columns are spread, have the bits of one
//! process with that batch, whatever the number of ranks; so have forwards, but for [`Exchange::Sums`], whose
//! parts are added rank after rank. Tables that every rank has ([`Placement::DataParallel`]) get the sum of
//! the ranks' gradients, in the order of ranks: the bits of one process that adds up as many batches
//! ([`EmbeddingBags::record_accumulated`](crate::EmbeddingBags::record_accumulated)).
//!
//! Dense layers are copied too: [`Replicas`] adds up their gradients. Losses are divided by the examples of
//! all ranks ([`record_part_bce_with_logits`](crate::dense::record_part_bce_with_logits)).
//!
//! # Files
//!
//! [`ShardedBags::save`] writes a file a rank, [`ShardedBags::load`] takes them up on any number of ranks,
//! with any plan, and files of [`EmbeddingBags`](crate::EmbeddingBags) too.
//!
//! # When a rank fails
//!
//! Before ranks exchange anything they tell each other whether they can go on: an id that is no row on one
//! rank, say, is the same [`Error::Rank`](crate::Error::Rank) on all of them, and nothing is written. A rank
//! that is gone, or late, is an [`Error::Group`](crate::Error::Group) on those that wait for it.

mod backward;
mod bags;
mod batch;
mod boundary;
mod builder;
mod collected;
mod compressor;
mod dct;
mod forward;
mod group;
mod held;
mod load;
mod message;
mod plan;
mod planner;
mod ranks;
mod replicas;
mod routing;
mod saved;
mod shards;
mod sources;
mod staging;
mod threads;
mod thresholded;

pub use bags::ShardedBags;
pub use batch::ShardedBatch;
pub use boundary::Boundary;
pub use builder::ShardedBagsBuilder;
pub use dct::{Dct, Downlink};
pub use group::{Group, Sent, Traffic};
pub use load::Load;
pub use plan::{Exchange, Placement, Plan};
pub use planner::{Planned, RankLoad};
pub use ranks::Ranks;
pub use replicas::Replicas;
pub use threads::Threads;
