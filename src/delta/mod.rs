//! What rows have become since a step, to be sent to tables that serve.
//!
//! Tables that are trained, [plain](crate::EmbeddingBags::changed_since),
//! [cached](crate::CachedBags::changed_since) or [chunked](crate::ChunkedTables::changed_since), give a
//! [`Delta`]; [`QuantizedBags::apply`](crate::QuantizedBags::apply) takes it while it serves, and so does
//! [`PrunedTables::apply`](crate::PrunedTables::apply) one of chunked tables.
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
mod followed;

use std::collections::HashSet;
use std::ops::Range;
use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::checkpoint::Checkpoint;
use crate::kernels::feature::NONE;
use crate::{Error, Result};
pub(crate) use collect::collect;
pub(crate) use followed::Followed;

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
    /// Where rows are known by their virtual ids.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    known: Option<KnownHead>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
struct KnownHead {
    chunks: usize,
    /// Rows in use, if some may have left.
    in_use: Option<usize>,
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

/// The rows of a table in chunks, whose numbers say nothing elsewhere.
#[derive(Debug, Clone, Copy)]
pub(crate) struct KnownRows<'a> {
    pub(crate) name: &'a str,
    pub(crate) dim: usize,
    pub(crate) chunks: usize,
    /// Their virtual ids, each once.
    pub(crate) ids: &'a [u32],
    /// `[rows, dim]`, with zeros where chunks are absent.
    pub(crate) values: &'a [f32],
    /// `[rows, chunks]`: 1 where a chunk is there.
    pub(crate) resident: &'a [u32],
    /// The virtual ids of all rows in use, each once: others left, if it is given.
    pub(crate) in_use: Option<&'a [u32]>,
}

/// The rows of a table that changed.
#[derive(Debug, Clone, Copy)]
pub(crate) enum ChangedRows<'a> {
    /// By their numbers.
    Numbered(TableRows<'a>),
    /// By their virtual ids.
    Known(KnownRows<'a>),
}

/// Where its head lies in the metadata.
const HEAD: &str = "delta";

impl Delta {
    /// An empty one of what changed after the first step of a range, until the last one.
    pub(crate) fn begun(model: Option<&str>, steps: Range<u32>) -> Result<Self> {
        let Range { start: since, end: until } = steps;
        let Some(model) = model else {
            return Err(Error::invalid("changed_since", "tables built with `track_changes`", "others"));
        };
        if since > until {
            return Err(Error::invalid("step", format!("at most {until}, the last one"), since));
        }
        let head = Head { model: model.to_owned(), since, until, tables: Vec::new() };
        Ok(Self { checkpoint: Checkpoint::new(), head })
    }

    fn push(&mut self, of: TableRows<'_>) -> Result<()> {
        let TableRows { name, dim, rows, values, ids } = of;
        let raw = ids.is_some();
        let table = TableHead { name: name.to_owned(), rows: rows.len(), dim, raw, known: None };
        self.checkpoint.insert(&tensor(name, "rows"), &[rows.len()], rows.to_vec())?;
        self.checkpoint.insert(&tensor(name, "values"), &[rows.len(), dim], values.to_vec())?;
        if let Some(ids) = ids {
            self.checkpoint.insert(&tensor(name, "ids"), &[ids.len()], ids.to_vec())?;
        }
        self.head.tables.push(table);
        self.checkpoint.set_json(HEAD, &self.head)
    }

    pub(crate) fn push_known(&mut self, of: KnownRows<'_>) -> Result<()> {
        let KnownRows { name, dim, chunks, ids, values, resident, in_use } = of;
        let known = Some(KnownHead { chunks, in_use: in_use.map(<[u32]>::len) });
        let table = TableHead { name: name.to_owned(), rows: ids.len(), dim, raw: true, known };
        self.checkpoint.insert(&tensor(name, "ids"), &[ids.len()], ids.to_vec())?;
        self.checkpoint.insert(&tensor(name, "values"), &[ids.len(), dim], values.to_vec())?;
        self.checkpoint.insert(&tensor(name, "resident"), &[ids.len(), chunks], resident.to_vec())?;
        if let Some(in_use) = in_use {
            self.checkpoint.insert(&tensor(name, "in_use"), &[in_use.len()], in_use.to_vec())?;
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
        let mut names = HashSet::new();
        if let Some(twice) = this.head.tables.iter().find(|table| !names.insert(&table.name)) {
            let what = format!("table \"{}\" of the delta", twice.name);
            return Err(this.checkpoint.mismatch(what, "each table once", "the name twice"));
        }
        for table in this.tables() {
            let (name, list, fits, expected) = match table? {
                ChangedRows::Numbered(TableRows { name, rows, .. }) => {
                    (name, "rows", rows.is_sorted_by(|a, b| a < b), "rows in ascending order")
                }
                ChangedRows::Known(KnownRows { name, ids, in_use, .. }) if each_once(ids) => {
                    let all = in_use.is_none_or(|all| each_once(all) && contains(all, ids));
                    (name, "in_use", all, "different virtual ids, those of the rows among them")
                }
                ChangedRows::Known(KnownRows { name, .. }) => (name, "ids", false, "different virtual ids"),
            };
            if !fits {
                let what = format!("tensor \"{}\"", tensor(name, list));
                return Err(this.checkpoint.mismatch(what, expected, "others"));
            }
        }
        Ok(this)
    }

    /// The rows of each table.
    pub(crate) fn tables(&self) -> impl Iterator<Item = Result<ChangedRows<'_>>> {
        self.head.tables.iter().map(|TableHead { name, rows, dim, raw, known }| {
            let list = |what, len: usize| self.checkpoint.tensor::<u32>(&tensor(name, what), &[len]);
            let values = self.checkpoint.tensor(&tensor(name, "values"), &[*rows, *dim])?;
            let ids = if *raw { Some(list("ids", *rows)?) } else { None };
            let (Some(KnownHead { chunks, in_use }), Some(ids)) = (*known, ids) else {
                let rows = list("rows", *rows)?;
                return Ok(ChangedRows::Numbered(TableRows { name, dim: *dim, rows, values, ids }));
            };
            Ok(ChangedRows::Known(KnownRows {
                name,
                dim: *dim,
                chunks,
                ids,
                values,
                resident: self.checkpoint.tensor(&tensor(name, "resident"), &[*rows, chunks])?,
                in_use: in_use.map(|len| list("in_use", len)).transpose()?,
            }))
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

/// Whether these are virtual ids, each once.
fn each_once(ids: &[u32]) -> bool {
    let mut seen = HashSet::with_capacity(ids.len());
    ids.iter().all(|&id| id != 0 && id != NONE && seen.insert(id))
}

fn contains(all: &[u32], ids: &[u32]) -> bool {
    let all: HashSet<u32> = all.iter().copied().collect();
    ids.iter().all(|id| all.contains(id))
}
