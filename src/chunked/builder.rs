//! Describes chunked tables and makes them.

use super::budget::{Slot, free_stack, slots_within};
use super::lookup::{Lookup, Table, TableSpec, chunk_words};
use super::room::{TableStats, WhenFull};
use super::tables::{Settings, Worth};
use super::{ChunkedTables, Shares, Utility};
use crate::bag::{FeatureList, feature_methods, output_methods};
use crate::device::{Context, Ground, Need, Precision};
use crate::directory::IdDirectory;
use crate::kernels::feature::NONE;
use crate::table::table_seed;
use crate::update::{Updates, update_methods};
use crate::{Error, Result};

/// How many slots there are.
#[derive(Debug, Clone, Copy)]
enum Room {
    Slots(u32),
    Budget(u64),
}

/// Describes chunked tables and features; made by [`ChunkedTables::builder`].
#[derive(Debug)]
pub struct ChunkedTablesBuilder {
    ctx: Context,
    tables: Vec<(String, usize, usize)>,
    features: FeatureList,
    width: u32,
    precision: Precision,
    room: Room,
    scale: f32,
    updates: Updates,
    utility: Utility,
    shares: Shares,
    when_full: WhenFull,
    admit_after: u32,
    output_precision: Precision,
    model: Option<String>,
}

impl ChunkedTablesBuilder {
    pub(super) fn new(ctx: &Context) -> Self {
        Self {
            ctx: ctx.clone(),
            tables: Vec::new(),
            features: FeatureList::default(),
            width: 16,
            precision: Precision::F32,
            room: Room::Slots(0),
            scale: 0.01,
            updates: Updates::default(),
            utility: Utility::default(),
            shares: Shares::default(),
            when_full: WhenFull::default(),
            admit_after: 1,
            output_precision: Precision::F32,
            model: None,
        }
    }

    /// Adds a table whose directory has room for `rows` distinct ids, of `dim` columns.
    #[must_use]
    pub fn table(mut self, name: &str, rows: usize, dim: usize) -> Self {
        self.tables.push((name.to_owned(), rows, dim));
        self
    }

    feature_methods!();

    /// Columns of a chunk: 4, 8, 16 (the default) or 32.
    #[must_use]
    pub fn chunk_width(mut self, columns: u32) -> Self {
        self.width = columns;
        self
    }

    /// The type that the chunks' values are kept in: `f32` if it is not set. Those of 16 bits are widened in
    /// lookups and steps, and rounded as [`UpdateRules::rounding`](crate::optim::UpdateRules::rounding) says;
    /// where that is at random, by the slot of the chunk.
    #[must_use]
    pub fn precision(mut self, precision: Precision) -> Self {
        self.precision = precision;
        self
    }

    /// Chunks that there is room for in the store of all tables.
    #[must_use]
    pub fn slots(mut self, chunks: u32) -> Self {
        self.room = Room::Slots(chunks);
        self
    }

    /// Instead of [`ChunkedTablesBuilder::slots`]: as many as fit `bytes`, with everything that is needed to
    /// find them ([`ChunkedBytes::instead_of_dense`](super::ChunkedBytes::instead_of_dense)), but without the
    /// optimizer's state.
    #[must_use]
    pub fn budget(mut self, bytes: u64) -> Self {
        self.room = Room::Budget(bytes);
        self
    }

    /// New chunks begin with values in `[-scale, scale)`, made of seed, virtual id and column; 0.01 if
    /// nothing is said.
    #[must_use]
    pub fn scale(mut self, scale: f32) -> Self {
        self.scale = scale;
        self
    }

    /// What makes a chunk worth its memory.
    #[must_use]
    pub fn utility(mut self, utility: Utility) -> Self {
        self.utility = utility;
        self
    }

    /// Which chunks an adjustment compares with each other; all, if nothing is said.
    #[must_use]
    pub fn shares(mut self, shares: Shares) -> Self {
        self.shares = shares;
        self
    }

    /// What happens if more ids are new than a directory has rows for; the rows of least utility leave, if
    /// nothing is said.
    #[must_use]
    pub fn when_full(mut self, when_full: WhenFull) -> Self {
        self.when_full = when_full;
        self
    }

    /// How often an id must have been seen to get a row; once, if nothing is said. See
    /// [`IdDirectory::admitting`](crate::directory::IdDirectory::admitting).
    #[must_use]
    pub fn admit_after(mut self, times: u32) -> Self {
        self.admit_after = times;
        self
    }

    output_methods!();

    /// Lets [`ChunkedTables::changed_since`](super::ChunkedTables::changed_since) make
    /// [deltas](crate::delta): `model` is the name that they carry; those of another are refused by who
    /// follows these tables. What follows them has room for as many rows and chunks as they have when it is
    /// made of them.
    #[must_use]
    pub fn track_changes(mut self, model: &str) -> Self {
        self.model = Some(model.to_owned());
        self
    }

    update_methods! {
        /// To it a chunk is a row: state that is one value for a row (row-wise Adagrad's) is one for a chunk,
        /// and so are trust ratios.
        optimizer,
        /// Norms, of gradients and of values, are those of chunks. Chunks earn utility by gradients whose
        /// values were clipped, before anything else is done to them.
        update_rules
    }

    /// Makes the tables.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] for names that are unknown or used twice and sizes out of range,
    /// [`Error::OutOfMemory`], [`Error::LimitExceeded`] or [`Error::Device`] if the memory cannot be had.
    pub fn build(self) -> Result<ChunkedTables> {
        self.validate()?;
        let Self { ctx, width, precision, when_full, .. } = self;
        let slot = Slot { width, precision };
        let settings = Settings {
            scale: self.scale,
            seed: table_seed(self.updates.seed, 0),
            utility: self.utility,
            shares: self.shares,
            when_full,
        };
        let mut specs = Vec::<TableSpec>::new();
        for (name, rows, dim) in self.tables {
            let argument = |what: &str| format!("table \"{name}\" {what}");
            let narrow = u32::try_from(dim).ok().filter(|&dim| dim > 0 && dim.is_multiple_of(width));
            let Some(dim) = narrow else {
                return Err(Error::invalid(argument("dim"), format!("a multiple of {width}"), dim));
            };
            if specs.iter().any(|spec| spec.name == name) {
                return Err(Error::invalid(argument("name"), "one of its own", "the name twice"));
            }
            let Ok(rows) = u32::try_from(rows) else {
                return Err(Error::invalid(argument("rows"), "fewer than 2^32", rows));
            };
            specs.push(TableSpec { name, chunks: dim / width, rows });
        }
        // where directories grow, slots will grow with them
        let of_rows = |spec: &TableSpec| spec.rows.saturating_mul(spec.chunks);
        let at_first = match when_full {
            WhenFull::Grow => specs.iter().map(of_rows).fold(0, u32::saturating_add),
            _ => NONE,
        };
        let most_slots = match self.room {
            Room::Slots(slots) => slots,
            Room::Budget(bytes) => u32::try_from(bytes / slot.bytes()).unwrap_or(NONE).min(at_first),
        };
        let mut need = need_of(&ctx, &specs, self.admit_after, settings.words())?;
        need.extend(slot.need(&self.updates, most_slots)?);
        need.check(&ctx)?;
        let worth = |spec: &TableSpec| {
            let TableSpec { name, chunks, rows } = spec;
            Ok(Worth {
                utility: chunk_words(&ctx, "embag.chunk_utility", name, *rows, *chunks)?,
                touch: chunk_words(&ctx, "embag.row_touch", name, *rows, settings.words())?,
                stats: TableStats::default(),
                left_after: None,
            })
        };
        let worth = specs.iter().map(worth).collect::<Result<Vec<_>>>()?;
        let tables = Table::all(&ctx, specs, self.admit_after, when_full == WhenFull::Grow)?;
        let (slots, budget) = match self.room {
            Room::Slots(slots) => (slots, None),
            Room::Budget(bytes) => {
                let of_table = |(table, worth): (&Table, &Worth)| {
                    let to_come = if when_full.evicts() { table.directory.bytes_to_come() } else { 0 };
                    let found_with = table.directory.bytes() + table.slots.size();
                    found_with + to_come + worth.utility.size() + worth.touch.size()
                };
                let metadata: u64 = tables.iter().zip(&worth).map(of_table).sum();
                // and the number of free slots
                (slots_within(bytes, metadata + 4, slot)?.min(at_first), Some(bytes))
            }
        };
        let lookup = Lookup::new(
            slot.store(&ctx, self.updates, slots)?,
            width,
            tables,
            &self.features,
            self.output_precision,
        )?;
        let (free, free_count) = free_stack(&ctx, slots, 0..slots)?;
        let (epoch, ground) = (0, Ground::default());
        Ok(ChunkedTables {
            lookup,
            worth,
            free,
            free_count,
            settings,
            budget,
            model: self.model,
            epoch,
            ground,
        })
    }

    /// What can be said before anything is made.
    fn validate(&self) -> Result<()> {
        if ![4, 8, 16, 32].contains(&self.width) {
            return Err(Error::invalid("chunk_width", "4, 8, 16 or 32", self.width));
        }
        if !(self.scale.is_finite() && self.scale >= 0.0) {
            return Err(Error::invalid("scale", "a finite number of at least 0", self.scale));
        }
        self.utility.validate()?;
        self.when_full.validate()?;
        if self.tables.is_empty() {
            return Err(Error::invalid("tables", "at least one", "none"));
        }
        self.features.validate()
    }
}

/// What chunks are found with, and what they are worth.
fn need_of(ctx: &Context, specs: &[TableSpec], least: u32, words: u32) -> Result<Need> {
    let mut need = Need::default();
    for TableSpec { name, chunks, rows } in specs {
        let [rows_of, chunks] = [*rows, *chunks].map(u64::from);
        let of_rows = rows_of * (chunks * 8 + u64::from(words) * 4);
        need.add(name, IdDirectory::bytes_of(ctx, *rows, least)? + of_rows);
    }
    Ok(need)
}
