//! Describes cached tables and features and makes the bags.

use super::{CachedBags, Replacement};
use crate::bag::{Bounds, EmbeddingBags, EmbeddingBagsBuilder, Pooling};
use crate::device::{Context, Need};
use crate::optimizer::{Optimizer, Rounding, Schedule, UpdateRules};
use crate::table::{Init, RowFormat, Table};
use crate::{Error, Result};

/// Describes tables, their caches and features; made by [`CachedBags::builder`].
#[derive(Debug)]
pub struct CachedBagsBuilder {
    /// All rows.
    whole: EmbeddingBagsBuilder,
    /// A row for each slot.
    device: EmbeddingBagsBuilder,
    ctx: Context,
    tables: Vec<Cached>,
    rounding: Rounding,
    updates: bool,
    ways: usize,
    replacement: Replacement,
}

/// What is checked of a table.
#[derive(Debug)]
struct Cached {
    name: String,
    rows: u64,
    slots: u64,
    format: RowFormat,
    has_storage: bool,
}

impl CachedBagsBuilder {
    pub(super) fn new(ctx: &Context) -> Self {
        Self {
            whole: EmbeddingBags::builder(&Context::cpu()),
            device: EmbeddingBags::builder(ctx),
            ctx: ctx.clone(),
            tables: Vec::new(),
            rounding: Rounding::default(),
            updates: false,
            ways: 32,
            replacement: Replacement::default(),
        }
    }

    /// Adds a table, of which the device holds at most `slots` rows at a time, with their optimizer state.
    #[must_use]
    pub fn table(mut self, name: &str, table: Table, slots: u64) -> Self {
        let slots = slots.min(table.rows);
        self.tables.push(Cached {
            name: name.to_owned(),
            rows: table.rows,
            slots,
            format: table.format,
            has_storage: table.storage.is_some(),
        });
        let cache = Table { rows: slots, init: Init::Zero, storage: None, ..table.clone() };
        self.device = self.device.table(name, cache);
        self.whole = self.whole.table(name, Table { storage: None, ..table });
        self
    }

    /// Adds a feature, as [`EmbeddingBagsBuilder::feature`].
    #[must_use]
    pub fn feature(mut self, name: &str, table: &str, pooling: Pooling) -> Self {
        self.whole = self.whole.feature(name, table, pooling);
        self.device = self.device.feature(name, table, pooling);
        self
    }

    /// Sets the padding id of the feature added last, as [`EmbeddingBagsBuilder::padding`].
    #[must_use]
    pub fn padding(mut self, id: u32) -> Self {
        // on the device ids that stand for no row are no slots
        self.whole = self.whole.padding(id);
        self
    }

    /// Sets the fused optimizer; without one the bags only look up.
    #[must_use]
    pub fn optimizer(mut self, optimizer: impl Into<Optimizer>) -> Self {
        let optimizer = optimizer.into();
        self.updates = true;
        self.whole = self.whole.optimizer(optimizer);
        self.device = self.device.optimizer(optimizer);
        self
    }

    /// Sets what is done to gradients before, and to rows after the optimizer's step.
    #[must_use]
    pub fn update_rules(mut self, rules: UpdateRules) -> Self {
        self.rounding = rules.rounding;
        self.whole = self.whole.update_rules(rules);
        self.device = self.device.update_rules(rules);
        self
    }

    /// Sets what the learning rate is multiplied by in each step; the constant 1 if it is not set.
    #[must_use]
    pub fn schedule(mut self, schedule: Schedule) -> Self {
        self.whole = self.whole.schedule(schedule);
        self.device = self.device.schedule(schedule);
        self
    }

    /// Sets the seed of the tables' first values: they are those of [`EmbeddingBags`] of the same seed.
    #[must_use]
    pub fn seed(mut self, seed: u64) -> Self {
        self.whole = self.whole.seed(seed);
        self
    }

    /// Sets what becomes of ids that are no row of their table.
    #[must_use]
    pub fn bounds(mut self, bounds: Bounds) -> Self {
        self.whole = self.whole.bounds(bounds);
        self.device = self.device.bounds(bounds);
        self
    }

    /// Sets how many slots a row may normally go to (32 if it is not set): with more ways the choice of what leaves is
    /// better and takes longer.
    #[must_use]
    pub fn ways(mut self, ways: usize) -> Self {
        self.ways = ways;
        self
    }

    /// Sets which rows leave for others; the least recently used if it is not set.
    #[must_use]
    pub fn replacement(mut self, replacement: Replacement) -> Self {
        self.replacement = replacement;
        self
    }

    /// The host's memory: all rows, what is known of slots, and the caches themselves where the device has no memory of its
    /// own.
    fn need(&self) -> Result<Need> {
        let mut need = self.whole.need()?;
        for table in &self.tables {
            need.add(&table.name, Cached::SLOT_BYTES.saturating_mul(table.slots));
        }
        if self.ctx.uses_host_memory() {
            need.extend(self.device.need()?);
        }
        Ok(need)
    }

    /// Makes the tables on the host and the caches on the device.
    ///
    /// # Errors
    /// As [`EmbeddingBagsBuilder::build`]; [`Error::InvalidArgument`] also for a cache without slots or ways, tables in
    /// callers' memory, and tables of 16 bits that are to be rounded at random; [`Error::LimitExceeded`] if a row and
    /// its state do not fit a binding.
    pub fn build(self) -> Result<CachedBags> {
        if self.ways == 0 {
            return Err(Error::invalid("ways", "at least 1", 0));
        }
        let at_random = self.updates && self.rounding == Rounding::Stochastic;
        for table in &self.tables {
            table.check(at_random)?;
        }
        self.need()?.check(&Context::cpu())?;
        let (whole, device) = (self.whole.build()?, self.device.build()?);
        let limit = self.ctx.limits().binding;
        for (index, table) in self.tables.iter().enumerate() {
            let needed = CachedBags::load_bytes(&device, index);
            if needed > limit {
                return Err(Error::LimitExceeded {
                    what: format!("a row of table \"{}\" with its state", table.name),
                    needed,
                    limit,
                    hint: "use a smaller dimension",
                });
            }
        }
        Ok(CachedBags::new(whole, device, self.ways, self.replacement))
    }
}

impl Cached {
    /// Bytes on the host for each slot: its row, what is known of its use, and who holds it.
    const SLOT_BYTES: u64 = 40;

    fn check(&self, at_random: bool) -> Result<()> {
        let argument = |what: &str| format!("table \"{}\" {what}", self.name);
        if self.slots == 0 && self.rows > 0 {
            return Err(Error::invalid(argument("slots"), "at least 1", 0));
        }
        if self.has_storage {
            return Err(Error::invalid(argument("storage"), "none: all rows lie on the host", "a buffer"));
        }
        if self.format != RowFormat::F32 && at_random {
            // its random numbers are those of the row, which the device does not know
            let expected = "rounding to the nearest (`UpdateRules::rounding`) for 16 bits in a cache";
            return Err(Error::invalid(argument("precision"), expected, "rounding at random"));
        }
        Ok(())
    }
}
