//! Describes chunked tables and makes them.

use super::{ChunkedTables, IdDirectory, Utility};
use crate::bag::{Bounds, EmbeddingBags, EmbeddingBagsBuilder, Pooling};
use crate::chunked::tables::{Feature, Table as Described};
use crate::device::{Buffer, Context};
use crate::kernels::feature::NONE;
use crate::optimizer::{Optimizer, Schedule, UpdateRules};
use crate::table::{Init, Table, table_seed};
use crate::{Error, Result};

/// How many slots there are.
#[derive(Debug, Clone, Copy)]
enum Room {
    Slots(u32),
    Budget(u64),
}

impl Room {
    /// Slots of `width` columns, beside tables whose chunks are found with so many bytes.
    fn slots(self, width: u32, metadata: u64) -> Result<u32> {
        let slots = match self {
            Self::Slots(slots) => slots,
            Self::Budget(bytes) => {
                // a slot takes its values, and a place on the stack of free ones
                let slots = bytes.saturating_sub(metadata) / u64::from(width * 4 + 4);
                if slots == 0 {
                    let expected = format!("more than the {metadata} bytes that chunks are found with");
                    return Err(Error::invalid("budget", expected, bytes));
                }
                u32::try_from(slots).unwrap_or(NONE)
            }
        };
        if slots == 0 || slots == NONE {
            return Err(Error::invalid("slots", format!("1 to {}", NONE - 1), slots));
        }
        Ok(slots)
    }
}

/// Describes chunked tables and features; made by [`ChunkedTables::builder`].
#[derive(Debug)]
pub struct ChunkedTablesBuilder {
    ctx: Context,
    tables: Vec<(String, u32, usize)>,
    features: Vec<(String, String, Pooling)>,
    width: u32,
    room: Room,
    scale: f32,
    /// Takes what is said about updates.
    bags: EmbeddingBagsBuilder,
    utility: Utility,
    seed: u64,
}

impl ChunkedTablesBuilder {
    pub(super) fn new(ctx: &Context) -> Self {
        Self {
            ctx: ctx.clone(),
            tables: Vec::new(),
            features: Vec::new(),
            width: 16,
            room: Room::Slots(0),
            scale: 0.01,
            bags: EmbeddingBags::builder(ctx),
            utility: Utility::default(),
            seed: 0,
        }
    }

    /// Adds a table whose directory has room for `rows` distinct ids, of `dim` columns.
    #[must_use]
    pub fn table(mut self, name: &str, rows: u32, dim: usize) -> Self {
        self.tables.push((name.to_owned(), rows, dim));
        self
    }

    /// Adds a feature that looks its ids up in a table; sum or mean.
    #[must_use]
    pub fn feature(mut self, name: &str, table: &str, pooling: Pooling) -> Self {
        self.features.push((name.to_owned(), table.to_owned(), pooling));
        self
    }

    /// Columns of a chunk: 4, 8, 16 (the default) or 32.
    #[must_use]
    pub fn chunk_width(mut self, columns: u32) -> Self {
        self.width = columns;
        self
    }

    /// Chunks that there is room for in the store of all tables.
    #[must_use]
    pub fn slots(mut self, chunks: u32) -> Self {
        self.room = Room::Slots(chunks);
        self
    }

    /// Instead of [`ChunkedTablesBuilder::slots`]: as many as fit so many bytes, with everything that is needed to find
    /// them ([`ChunkedBytes::instead_of_dense`](super::ChunkedBytes::instead_of_dense)), but without the optimizer's state.
    #[must_use]
    pub fn budget(mut self, bytes: u64) -> Self {
        self.room = Room::Budget(bytes);
        self
    }

    /// New chunks begin with values in `[-scale, scale)`, made of seed, virtual id and column; 0.01 if nothing is said.
    #[must_use]
    pub fn scale(mut self, scale: f32) -> Self {
        self.scale = scale;
        self
    }

    /// Updates touched chunks in [`ChunkedTables::backward`].
    #[must_use]
    pub fn optimizer(mut self, optimizer: impl Into<Optimizer>) -> Self {
        self.bags = self.bags.optimizer(optimizer);
        self
    }

    /// What is done to gradients before, and to chunks after the optimizer's step.
    #[must_use]
    pub fn update_rules(mut self, rules: UpdateRules) -> Self {
        self.bags = self.bags.update_rules(rules);
        self
    }

    /// How the learning rate changes from step to step.
    #[must_use]
    pub fn schedule(mut self, schedule: Schedule) -> Self {
        self.bags = self.bags.schedule(schedule);
        self
    }

    /// What makes a chunk worth its memory.
    #[must_use]
    pub fn utility(mut self, utility: Utility) -> Self {
        self.utility = utility;
        self
    }

    /// What first values are made of.
    #[must_use]
    pub fn seed(mut self, seed: u64) -> Self {
        self.seed = seed;
        self
    }

    /// Makes the tables.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] for names that are unknown or used twice and sizes out of range,
    /// [`Error::LimitExceeded`] or [`Error::Device`] if the memory cannot be had.
    pub fn build(self) -> Result<ChunkedTables> {
        let Self { ctx, width, room, scale, .. } = self;
        if ![4, 8, 16, 32].contains(&width) {
            return Err(Error::invalid("chunk_width", "4, 8, 16 or 32", width));
        }
        if !(scale.is_finite() && scale >= 0.0) {
            return Err(Error::invalid("scale", "a finite number of at least 0", scale));
        }
        self.utility.validate()?;
        if self.tables.is_empty() || self.features.is_empty() {
            return Err(Error::invalid("tables", "a table and a feature at least", "none"));
        }
        let (mut tables, mut first_chunk, mut first_row) = (Vec::<Described>::new(), 0u32, 0u32);
        for (name, rows, dim) in self.tables {
            let argument = |what: &str| format!("table \"{name}\" {what}");
            let narrow = u32::try_from(dim).ok().filter(|&dim| dim > 0 && dim.is_multiple_of(width));
            let Some(dim) = narrow else {
                return Err(Error::invalid(argument("dim"), format!("a multiple of {width}"), dim));
            };
            if tables.iter().any(|table| table.name == name) {
                return Err(Error::invalid(argument("name"), "one of its own", "the name twice"));
            }
            let chunks = dim / width;
            let more = rows.checked_mul(chunks).and_then(|chunks| first_chunk.checked_add(chunks));
            let Some(next_chunk) = more.filter(|&next| next < NONE) else {
                return Err(Error::invalid(argument("rows"), "fewer than 2^32 chunks of all tables", rows));
            };
            let directory = IdDirectory::new(&ctx, rows)?;
            tables.push(Described { name, dim, chunks, first_chunk, first_row, directory });
            (first_chunk, first_row) = (next_chunk, first_row + rows);
        }
        let directories: u64 = tables.iter().map(|table| table.directory.bytes()).sum();
        // slot and utility of each chunk, the last step of each row, and the counts
        let words = 2 * u64::from(first_chunk) + u64::from(first_row) + 1 + tables.len() as u64;
        let slots = room.slots(width, directories + words * 4)?;
        let mut features = Vec::<Feature>::new();
        let mut store = self
            .bags
            .table("chunks", Table::rows(slots.into()).dim(width as usize).init(Init::Zero))
            .bounds(Bounds::Skip)
            .seed(self.seed);
        for (name, table, pooling) in self.features {
            if features.iter().any(|feature| feature.name == name) {
                let argument = format!("feature \"{name}\"");
                return Err(Error::invalid(argument, "a name of its own", "the name twice"));
            }
            let Some(index) = tables.iter().position(|known| known.name == table) else {
                return Err(Error::invalid(format!("feature \"{name}\""), "a table that is there", table));
            };
            if ![Pooling::Sum, Pooling::Mean].contains(&pooling) {
                let argument = format!("feature \"{name}\"");
                return Err(Error::invalid(argument, "a sum or mean", format!("{pooling:?}")));
            }
            for chunk in 0..tables[index].chunks {
                // a mean is a weighted sum: chunks that are absent count too
                store = store.feature(&format!("{name} {chunk}"), "chunks", Pooling::Sum);
            }
            features.push(Feature { name, table: index, mean: pooling == Pooling::Mean });
        }
        let words = |label: &str, words: u32| ctx.allocate(label, u64::from(words) * 4);
        let made = ChunkedTables {
            store: store.build()?,
            width,
            scale,
            seed: table_seed(self.seed, 0),
            slots: words("embag.chunk_slots", first_chunk)?,
            utility: words("embag.chunk_utility", first_chunk)?,
            stamps: words("embag.chunk_stamps", first_row)?,
            free: Buffer::from_slice(&ctx, &(0..slots).rev().collect::<Vec<u32>>())?,
            counts: words("embag.chunk_counts", 1 + u32::try_from(tables.len()).unwrap_or(u32::MAX - 1))?,
            tables,
            features,
            worth: self.utility,
            steps: 0,
            adjustments: 0,
        };
        for (what, buffer) in [("chunks", &made.slots), ("rows", &made.stamps), ("slots", &made.free)] {
            buffer.check_bindable(&ctx, || what.to_owned())?;
        }
        made.slots.write(&ctx, 0, &vec![NONE; first_chunk as usize])?;
        made.counts.write(&ctx, 0, &[slots])?;
        Ok(made)
    }
}
