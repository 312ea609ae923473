//! What rows have become since a step, to be sent to tables that serve.
//!
//! Tables that are trained, [plain](crate::EmbeddingBags::changed_since) or
//! [cached](crate::CachedBags::changed_since), give a [`Delta`];
//! [`QuantizedBags::apply`](crate::QuantizedBags::apply) takes it while it serves.
//!
//! A trainer that goes back to an older checkpoint is another model to those who followed it: give it another
//! name, and let them begin anew.
//!
//! ```
//! use embag::delta::Delta;
//! use embag::optim::RowwiseAdagrad;
//! use embag::quant::{RangeSearch, RowFormat};
//! use embag::{Context, EmbeddingBags, Pooling, QuantizedBags, Table};
//!
//! let ctx = Context::cpu();
//! let mut bags = EmbeddingBags::builder(&ctx)
//!     .table("movie", Table::raw_ids(1_000).dim(16))
//!     .feature("liked", "movie", Pooling::Mean)
//!     .optimizer(RowwiseAdagrad::new(0.05))
//!     .track_changes("clicks") // the model's name, which deltas carry
//!     .build()?;
//! let served = QuantizedBags::of(&bags, |_table| (RowFormat::Int8, RangeSearch::MinMax))?;
//!
//! let batch = bags.admit(bags.batch().bags("liked", &[7u64, 1 << 40, 42], &[2, 1]))?;
//! let pooled = bags.forward(&batch)?;
//! bags.backward(&batch, &pooled)?; // here the output stands in for its gradient
//! let bytes = bags.changed_since(0)?.to_bytes()?; // to a file, or over a wire
//!
//! let delta = Delta::from_bytes(&bytes)?;
//! served.apply(&delta, RangeSearch::MinMax)?; // while others look rows up
//! let found = served.find(served.batch().bags("liked", &[7u64, 9], &[1, 1]))?;
//! assert_eq!((served.step(), delta.rows(), found.skipped()?), (Some(1), 3, 1));
//! assert!(served.apply(&delta, RangeSearch::MinMax).is_err()); // once is enough
//! # Ok::<(), embag::Error>(())
//! ```

mod collect;

use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::checkpoint::Checkpoint;
use crate::{Error, Result};
pub(crate) use collect::collect;

/// The rows that changed between two steps, with their values, and the model that they are of.
///
/// It is a [`Checkpoint`] with room for more: what else of a model changed, its layers above all, is added
/// under names of its own.
#[derive(Debug, Clone)]
pub struct Delta {
    checkpoint: Checkpoint,
    head: Head,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Head {
    model: String,
    since: u32,
    until: u32,
    tables: Vec<TableHead>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct TableHead {
    name: String,
    rows: usize,
    dim: usize,
    raw: bool,
}

/// The rows of a table.
#[derive(Debug, Clone, Copy)]
pub(crate) struct TableRows<'a> {
    pub(crate) name: &'a str,
    pub(crate) dim: usize,
    /// In ascending order.
    pub(crate) rows: &'a [u32],
    /// `[rows, dim]`
    pub(crate) values: &'a [f32],
    /// The virtual id of each row, where ids are raw.
    pub(crate) ids: Option<&'a [u32]>,
}

/// Where its head lies in the metadata.
const HEAD: &str = "delta";

impl Delta {
    fn new(model: &str, steps: std::ops::Range<u32>) -> Self {
        let head = Head { model: model.to_owned(), since: steps.start, until: steps.end, tables: Vec::new() };
        Self { checkpoint: Checkpoint::new(), head }
    }

    fn push(&mut self, of: TableRows<'_>) -> Result<()> {
        let TableRows { name, dim, rows, values, ids } = of;
        let table = TableHead { name: name.to_owned(), rows: rows.len(), dim, raw: ids.is_some() };
        self.checkpoint.insert(&tensor(name, "rows"), &[rows.len()], rows.to_vec())?;
        self.checkpoint.insert(&tensor(name, "values"), &[rows.len(), dim], values.to_vec())?;
        if let Some(ids) = ids {
            self.checkpoint.insert(&tensor(name, "ids"), &[ids.len()], ids.to_vec())?;
        }
        self.head.tables.push(table);
        self.checkpoint.set_json(HEAD, &self.head)
    }

    /// The name of the model.
    #[must_use]
    pub fn model(&self) -> &str {
        &self.head.model
    }

    /// The step after which rows changed.
    #[must_use]
    pub fn since(&self) -> u32 {
        self.head.since
    }

    /// The last step that it has.
    #[must_use]
    pub fn until(&self) -> u32 {
        self.head.until
    }

    /// Rows of all tables that changed.
    #[must_use]
    pub fn rows(&self) -> usize {
        self.head.tables.iter().map(|table| table.rows).sum()
    }

    /// Everything in it, what was added too.
    #[must_use]
    pub fn checkpoint(&self) -> &Checkpoint {
        &self.checkpoint
    }

    /// To add more to it, such as layers: `mlp.export(&ctx, delta.checkpoint_mut(), "mlp")`.
    pub fn checkpoint_mut(&mut self) -> &mut Checkpoint {
        &mut self.checkpoint
    }

    /// Writes a file, see [`Checkpoint::save`]: it is there whole, or not at all.
    ///
    /// # Errors
    /// As [`Checkpoint::save`].
    pub fn save(&self, path: impl AsRef<Path>) -> Result<()> {
        self.checkpoint.save(path)
    }

    /// Reads a file that [`Delta::save`] wrote.
    ///
    /// # Errors
    /// As [`Checkpoint::load`], and [`Error::Checkpoint`] if it is no delta.
    pub fn load(path: impl AsRef<Path>) -> Result<Self> {
        Self::of(Checkpoint::load(path)?)
    }

    /// The bytes of the file.
    ///
    /// # Errors
    /// As [`Checkpoint::to_bytes`].
    pub fn to_bytes(&self) -> Result<Vec<u8>> {
        self.checkpoint.to_bytes()
    }

    /// Reads the bytes of a file.
    ///
    /// # Errors
    /// As [`Checkpoint::from_bytes`], and [`Error::Checkpoint`] if it is no delta.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self> {
        Self::of(Checkpoint::from_bytes(bytes)?)
    }

    fn of(checkpoint: Checkpoint) -> Result<Self> {
        let head: Head = checkpoint.json(HEAD)?;
        let this = Self { checkpoint, head };
        for table in this.tables() {
            let TableRows { name, rows, .. } = table?;
            if !rows.is_sorted_by(|a, b| a < b) {
                let what = format!("tensor \"{}\"", tensor(name, "rows"));
                return Err(this.checkpoint.mismatch(what, "rows in ascending order", "others"));
            }
        }
        Ok(this)
    }

    /// The rows of each table.
    pub(crate) fn tables(&self) -> impl Iterator<Item = Result<TableRows<'_>>> {
        self.head.tables.iter().map(|TableHead { name, rows, dim, raw }| {
            let list = |what| self.checkpoint.tensor::<u32>(&tensor(name, what), &[*rows]);
            Ok(TableRows {
                name,
                dim: *dim,
                rows: list("rows")?,
                values: self.checkpoint.tensor(&tensor(name, "values"), &[*rows, *dim])?,
                ids: if *raw { Some(list("ids")?) } else { None },
            })
        })
    }

    /// Refuses a delta of another model, one that was applied before, and one after others that were not.
    pub(crate) fn check_order(&self, model: &str, step: u32) -> Result<()> {
        let Head { model: own, since, until, .. } = &self.head;
        let steps = format!("steps {since} to {until}");
        if own != model {
            return Err(Error::invalid(
                "delta",
                format!("one of model \"{model}\""),
                format!("one of \"{own}\""),
            ));
        }
        if *until <= step {
            return Err(Error::invalid(
                "delta",
                format!("one beyond step {step}, which is here already"),
                steps,
            ));
        }
        if *since > step {
            return Err(Error::invalid("delta", format!("one that begins at step {step} or before"), steps));
        }
        Ok(())
    }
}

fn tensor(table: &str, what: &str) -> String {
    format!("delta.{table}.{what}")
}
