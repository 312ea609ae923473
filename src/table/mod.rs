//! Embedding tables: what they are, where their rows lie, and access from the host.

mod init;
mod layout;
mod origin;
mod packed;
mod row_format;
mod store;

pub use init::Init;
pub(crate) use init::table_seed;
pub(crate) use layout::{Group, Part, Plan, Window};
pub(crate) use origin::{Noise, Origin};
pub(crate) use packed::RowList;
pub use row_format::RowFormat;
pub(crate) use store::{KeptState, Kind, TableStore};

use crate::device::{Buffer, Precision};
use crate::numbers::narrow;
use crate::optim::{Optimizer, Schedule, UpdateRules};
use crate::{Error, Result};

/// The largest number of rows: 2^32 - 2.
pub const MAX_ROWS: usize = u32::MAX as usize - 1;

/// A table to be made: `rows` rows of `dim` values.
#[derive(Debug, Clone)]
pub struct Table {
    pub(crate) rows: usize,
    pub(crate) dim: usize,
    pub(crate) format: RowFormat,
    pub(crate) init: Init,
    pub(crate) storage: Option<Buffer>,
    /// Whether its ids are raw, and get rows from a directory when they were seen so often.
    pub(crate) raw: bool,
    pub(crate) admit_after: u32,
    pub(crate) own: OwnUpdates,
    /// Where it lies in a larger table; nothing for a table that is none's part.
    pub(crate) origin: Option<Origin>,
}

/// What a table has in place of what is said for all tables.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct OwnUpdates {
    pub(crate) optimizer: Option<Optimizer>,
    pub(crate) rules: Option<UpdateRules>,
    pub(crate) schedule: Option<Schedule>,
    pub(crate) frozen: bool,
}

impl OwnUpdates {
    /// Whether there is any.
    pub(crate) fn any(&self) -> bool {
        self.frozen || self.optimizer.is_some() || self.rules.is_some() || self.schedule.is_some()
    }
}

impl Table {
    /// A table of `rows` rows (at most [`MAX_ROWS`]) with 16 columns, uniform in `[-0.05, 0.05)`.
    #[must_use]
    pub fn rows(rows: usize) -> Self {
        Self {
            rows,
            dim: 16,
            format: RowFormat::F32,
            init: Init::default(),
            storage: None,
            raw: false,
            admit_after: 1,
            own: OwnUpdates::default(),
            origin: None,
        }
    }

    /// A table of raw 64-bit ids of any value, without a vocabulary: a hash directory on the device gives the
    /// first `capacity` of them rows, in the order in which they are
    /// [admitted](crate::EmbeddingBags::admit). Otherwise as [`Table::rows`].
    #[must_use]
    pub fn raw_ids(capacity: usize) -> Self {
        Self { raw: true, ..Self::rows(capacity) }
    }

    /// How often a raw id must have been seen to get a row; once, if nothing is said. See
    /// [`IdDirectory::admitting`](crate::IdDirectory::admitting), and `age_counts` of bags.
    #[must_use]
    pub fn admit_after(mut self, times: u32) -> Self {
        self.admit_after = times;
        self
    }

    /// Sets the number of columns; multiples of 4 are fast.
    #[must_use]
    pub fn dim(mut self, dim: usize) -> Self {
        self.dim = dim;
        self
    }

    /// Sets the type of the values. Rows of 16-bit values with an odd number of columns are followed by one
    /// that is not used, so that each begins at a whole word.
    #[must_use]
    pub fn precision(mut self, precision: Precision) -> Self {
        self.format = precision.into();
        self
    }

    /// Sets the first values.
    #[must_use]
    pub fn init(mut self, init: Init) -> Self {
        self.init = init;
        self
    }

    /// Keeps the rows in the caller's memory, `rows * dim` values without gaps (but see [`Table::precision`]
    /// for odd numbers of columns), whose content stays as it is.
    #[must_use]
    pub fn storage(mut self, buffer: Buffer) -> Self {
        self.storage = Some(buffer);
        self
    }

    /// Gives the table an optimizer of its own, in place of that of the bags.
    ///
    /// ```
    /// use embag::optim::{Adam, RowwiseAdagrad};
    /// use embag::{Context, EmbeddingBags, Pooling, Table};
    ///
    /// let mut bags = EmbeddingBags::builder(&Context::cpu())
    ///     .table("user", Table::rows(1_000).dim(16))
    ///     .table("movie", Table::rows(500).dim(16).optimizer(Adam::new(0.001)))
    ///     .table("genre", Table::rows(20).dim(16).frozen())
    ///     .feature("user", "user", Pooling::Sum)
    ///     .feature("movie", "movie", Pooling::Sum)
    ///     .feature("genres", "genre", Pooling::Mean)
    ///     .optimizer(RowwiseAdagrad::new(0.05))
    ///     .build()?;
    /// let batch = bags.batch().feature("user", &[7u32]).feature("movie", &[3u32]).feature("genres", &[1u32]);
    /// let batch = batch.build()?;
    /// let pooled = bags.forward(&batch)?;
    /// bags.backward(&batch, &pooled)?; // one step, by three rules
    /// bags.set_table_lr("movie", 0.0005)?;
    /// # Ok::<(), embag::Error>(())
    /// ```
    #[must_use]
    pub fn optimizer(mut self, optimizer: impl Into<Optimizer>) -> Self {
        self.own.optimizer = Some(optimizer.into());
        self
    }

    /// Gives the table rules of its own, in place of those of the bags.
    #[must_use]
    pub fn update_rules(mut self, rules: UpdateRules) -> Self {
        self.own.rules = Some(rules);
        self
    }

    /// Gives the table a schedule of its own, in place of that of the bags.
    #[must_use]
    pub fn schedule(mut self, schedule: Schedule) -> Self {
        self.own.schedule = Some(schedule);
        self
    }

    /// Leaves the table as it is in every step, whatever else is said of it; no state is kept for it. It can
    /// still be written from the host.
    #[must_use]
    pub fn frozen(mut self) -> Self {
        self.own.frozen = true;
        self
    }

    /// How often its raw ids must be seen to get a row, if it has such.
    pub(crate) fn raw(&self) -> Option<u32> {
        self.raw.then_some(self.admit_after)
    }

    pub(crate) fn validate(&self, name: &str) -> Result<Shape> {
        let argument = |what: &str| format!("table \"{name}\" {what}");
        if self.rows > MAX_ROWS {
            return Err(Error::invalid(argument("rows"), format!("at most {MAX_ROWS}"), self.rows));
        }
        let dim = u32::try_from(self.dim).ok().filter(|&dim| (1..=MAX_DIM).contains(&dim));
        let Some(dim) = dim else {
            return Err(Error::invalid(argument("dim"), format!("1 to {MAX_DIM}"), self.dim));
        };
        if self.admit_after != 1 && !self.raw {
            let expected = "raw ids, which alone are admitted by count";
            return Err(Error::invalid(argument("admit_after"), expected, "rows"));
        }
        self.init.validate(name, self.format)?;
        let rows = narrow(self.rows);
        let shape = Shape { rows, dim, format: self.format };
        if let Some(buffer) = &self.storage {
            let needed = shape.bytes();
            if buffer.size() < needed {
                return Err(Error::invalid(argument("storage"), format!("{needed} bytes"), buffer.size()));
            }
        }
        Ok(shape)
    }
}

/// The largest dimension: a row must fit the smallest binding there is.
pub(crate) const MAX_DIM: u32 = 1 << 20;

/// Rows and columns of a table, and how its rows are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Shape {
    pub(crate) rows: u32,
    pub(crate) dim: u32,
    pub(crate) format: RowFormat,
}

impl Shape {
    /// Whether rows can be read four columns at a time.
    pub(crate) fn vec4(self) -> bool {
        self.dim.is_multiple_of(4)
    }

    /// Elements from row to row.
    pub(crate) fn stride(self) -> u32 {
        self.format.stride(self.dim)
    }

    pub(crate) fn row_bytes(self) -> u64 {
        u64::from(self.stride()) * self.format.element_bytes()
    }

    pub(crate) fn bytes(self) -> u64 {
        u64::from(self.rows) * self.row_bytes()
    }
}
