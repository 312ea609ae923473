//! Describes cached tables and features and makes the bags.

use super::{CachedBags, Replacement};
use crate::bag::{
    EmbeddingBags, FeatureList, bounds_methods, change_methods, feature_methods, output_methods,
};
use crate::device::{Context, Need, Precision};
use crate::directory::Directories;
use crate::optim::Rounding;
use crate::table::{Init, RowFormat, Table};
use crate::update::{RowStore, Updates, update_methods};
use crate::{Error, Result};

/// Describes tables, their caches and features; made by [`CachedBags::builder`].
#[derive(Debug, Clone)]
pub struct CachedBagsBuilder {
    ctx: Context,
    tables: Vec<(String, Table, usize)>,
    features: FeatureList,
    updates: Updates,
    ways: usize,
    replacement: Replacement,
    output_precision: Precision,
    /// Whose changes are noted, if they are.
    model: Option<String>,
}

/// Tables with their names.
type Named = Vec<(String, Table)>;

impl CachedBagsBuilder {
    pub(super) fn new(ctx: &Context) -> Self {
        Self {
            ctx: ctx.clone(),
            tables: Vec::new(),
            features: FeatureList::default(),
            updates: Updates::default(),
            ways: 32,
            replacement: Replacement::default(),
            output_precision: Precision::F32,
            model: None,
        }
    }

    /// Adds a table, of which the device holds at most `slots` rows at a time, with their optimizer state.
    #[must_use]
    pub fn table(mut self, name: &str, table: Table, slots: usize) -> Self {
        let slots = slots.min(table.rows);
        self.tables.push((name.to_owned(), table, slots));
        self
    }

    feature_methods!();

    bounds_methods!();

    output_methods!();

    change_methods!();

    update_methods! {
        /// Without one the bags only look up.
        optimizer,
        update_rules
    }

    /// Sets how many slots a row may normally go to (32 if it is not set): with more ways the choice of what
    /// leaves is better and takes longer.
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

    /// The tables on the host, and those of the cache with a row for each slot.
    fn whole_and_slots(&self) -> (Named, Named) {
        let tables = self.tables.iter().map(|(name, table, slots)| {
            let slots = Table { rows: *slots, init: Init::Zero, ..table.clone() };
            ((name.clone(), table.clone()), (name.clone(), slots))
        });
        tables.unzip()
    }

    /// The host's memory: all rows, what is known of slots, and the caches themselves where the device has no
    /// memory of its own.
    fn need(&self) -> Result<Need> {
        let (whole, cache) = self.whole_and_slots();
        let mut need = RowStore::need(&whole, &self.updates)?;
        for (name, _, slots) in &self.tables {
            need.add(name, SLOT_BYTES.saturating_mul(*slots as u64));
        }
        if self.ctx.uses_host_memory() {
            need.extend(RowStore::need(&cache, &self.updates)?);
        }
        Ok(need)
    }

    /// Makes the tables on the host and the caches on the device.
    ///
    /// # Errors
    /// As [`EmbeddingBagsBuilder::build`](crate::bag::EmbeddingBagsBuilder::build);
    /// [`Error::InvalidArgument`] also for a cache without slots or ways, tables in callers' memory, and
    /// tables of 16 bits that are to be rounded at random; [`Error::LimitExceeded`] if a row and its state do
    /// not fit a binding.
    pub fn build(self) -> Result<CachedBags> {
        if self.ways == 0 {
            return Err(Error::invalid("ways", "at least 1", 0));
        }
        let updates = self.updates;
        for (name, table, slots) in &self.tables {
            let own = table.own;
            let trained = !own.frozen && own.optimizer.or(updates.optimizer).is_some();
            let rounding = own.rules.unwrap_or(updates.rules).rounding;
            check(name, table, *slots, trained && rounding == Rounding::Stochastic)?;
        }
        self.need()?.check(&Context::cpu())?;
        self.features.validate()?;
        let (whole, cache) = self.whole_and_slots();
        let raw: Vec<_> = whole.iter().map(|(_, table)| table.raw()).collect();
        let mut whole = RowStore::new(&Context::cpu(), whole, updates)?;
        if self.model.is_some() {
            whole.track_changes()?;
        }
        let schema = self.features.schema(whole.tables(), |table| raw[table].is_some(), false)?;
        let tables = raw.iter().enumerate();
        let rows = tables.map(|(table, &least)| (whole.tables().shape(table).rows, least));
        let ids = Directories::new(&Context::cpu(), rows)?;
        // what is rounded at random here does not depend on the seed of the rows
        let cache = RowStore::new(&self.ctx, cache, Updates { seed: 0, ..updates })?;
        // on the device ids that stand for no row are no slots
        let slots = self.features.unpadded().schema(cache.tables(), |_| false, false)?;
        let device = EmbeddingBags::new(cache, slots, self.output_precision);
        let limit = self.ctx.limits().binding;
        for (index, (name, ..)) in self.tables.iter().enumerate() {
            let needed = CachedBags::load_bytes(&device, index);
            if needed > limit {
                return Err(Error::LimitExceeded {
                    what: format!("a row of table \"{name}\" with its state"),
                    needed,
                    limit,
                    hint: "use a smaller dimension",
                });
            }
        }
        let bags = CachedBags::new(whole, schema, ids, device, self.ways, self.replacement);
        Ok(CachedBags { model: self.model, ..bags })
    }
}

/// Bytes on the host for each slot: its row, what is known of its use, and who holds it.
const SLOT_BYTES: u64 = 40;

fn check(name: &str, table: &Table, slots: usize, at_random: bool) -> Result<()> {
    let argument = |what: &str| format!("table \"{name}\" {what}");
    if slots == 0 && table.rows > 0 {
        return Err(Error::invalid(argument("slots"), "at least 1", 0));
    }
    if table.storage.is_some() {
        return Err(Error::invalid(argument("storage"), "none: all rows lie on the host", "a buffer"));
    }
    if table.format != RowFormat::F32 && at_random {
        // its random numbers are those of the row, which the device does not know
        let expected = "rounding to the nearest (`UpdateRules::rounding`) for 16 bits in a cache";
        return Err(Error::invalid(argument("precision"), expected, "rounding at random"));
    }
    Ok(())
}
