//! What happens when a directory has too few rows.

use serde::{Deserialize, Serialize};

use super::ChunkedTables;
use super::batch::RawIds;
use super::budget::slots_within;
use super::lookup::{SLOTS, Table, chunk_words, fill_with_none};
use crate::device::{Buffer, Dispatch, Recorder};
use crate::directory::{Counts, Ids, NewIds};
use crate::kernels::feature::NONE;
use crate::kernels::{chunk_room, evict_chunks, evict_credit, evict_marks, evict_protect};
use crate::sort::{prefix_sum, sort_by_key};
use crate::{Error, Result};

/// What happens if more ids are new than a directory has rows for.
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub enum WhenFull {
    /// Rows leave, at least a thirty-second part of all, but none of the batch that is admitted. If that does
    /// not do, ids are refused as below.
    Evict(Eviction),
    /// The directory grows to twice its rows, or what is needed: its ids are hashed again, on the device.
    ///
    /// Within a [budget](super::ChunkedTablesBuilder::budget) there are slots for all chunks of the rows that
    /// there is room for, and they grow with the directory, up to the budget; what is resident stays so. Once
    /// not even less than twice the rows fits beside the slots that there are, rows of least utility leave.
    /// Without a budget the number of slots remains as it is ([`ChunkedTables::set_slots`] changes it): where
    /// none is free, chunks of new rows are zeros until an adjustment.
    Grow,
    /// It is an error.
    Error,
    /// Further ids get no row and stand for zeros; they are counted
    /// ([`DirectoryUsage::refused`](crate::directory::DirectoryUsage::refused)).
    Refuse,
}

impl Default for WhenFull {
    /// The rows of least utility leave.
    fn default() -> Self {
        Self::Evict(Eviction::Utility)
    }
}

/// Which rows leave first; of rows that are alike, the first ones. Occurrences are those in backwards.
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub enum Eviction {
    /// Those whose chunks' utilities have the least sum, as time has left them.
    Utility,
    /// Those that occurred least often.
    Lfu,
    /// Those that were changed least recently: in a backward, or by chunks that came or left.
    Lru,
    /// Those of the least number of occurrences divided by a power of the steps since they were changed (plus
    /// one).
    DistanceLfu {
        /// The power, at least 0.
        power: f32,
    },
    /// Those that were admitted first.
    Age,
}

/// What rows are kept for, where neither their utilities nor the step of their last change tell it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum RowWord {
    /// How often they occurred in backwards.
    Occurrences,
    /// The step that they were admitted in.
    Admission,
}

impl Eviction {
    fn kernel(self) -> u32 {
        match self {
            Self::Utility => evict_credit::UTILITY,
            Self::Lfu | Self::Age => evict_credit::WORD,
            Self::Lru => evict_credit::RECENT,
            Self::DistanceLfu { .. } => evict_credit::DISTANCE,
        }
    }
}

impl WhenFull {
    pub(super) fn validate(self) -> Result<()> {
        match self {
            Self::Evict(Eviction::DistanceLfu { power }) if !(power.is_finite() && power >= 0.0) => {
                Err(Error::invalid("when_full power", "a finite number of at least 0", power))
            }
            _ => Ok(()),
        }
    }

    /// Whether rows may leave tables with a budget.
    pub(super) fn evicts(self) -> bool {
        matches!(self, Self::Evict(_) | Self::Grow)
    }

    /// What a word of rows' own tells, if they are kept for something that needs one.
    pub(super) fn word(self) -> Option<RowWord> {
        match self {
            Self::Evict(Eviction::Lfu | Eviction::DistanceLfu { .. }) => Some(RowWord::Occurrences),
            Self::Evict(Eviction::Age) => Some(RowWord::Admission),
            _ => None,
        }
    }

    /// The word of a row that is new.
    pub(super) fn first_credit(self, step: u32) -> u32 {
        if self.word() == Some(RowWord::Occurrences) { 0 } else { step }
    }
}

/// What happened to a table's rows so far; an [`Adjustment`](super::Adjustment) tells of chunks.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TableStats {
    /// Rows that left.
    pub evicted: u64,
    /// How the directory grew.
    pub growths: Vec<Growth>,
}

/// A directory that grew.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Growth {
    /// Rows before and after.
    pub rows: (u32, u32),
    /// Bytes that were needed for the time of the move, beside those that the grown table takes.
    pub transient_bytes: u64,
}

impl ChunkedTables {
    /// What happened to a table's rows so far.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] if there is no such table.
    pub fn stats(&self, table: &str) -> Result<&TableStats> {
        Ok(&self.worth[self.lookup.find_table(table)?].stats)
    }

    /// Makes room for new ids of some tables, as configured.
    pub(super) fn make_room(&mut self, raw: &RawIds, new: &[(usize, NewIds)]) -> Result<()> {
        let mut tight = Vec::new();
        for (table, ids) in new {
            let counts = self.lookup.tables[*table].directory.counts()?;
            let needed = ids.total.read::<u32>(self.context())?[0];
            let room = self.lookup.tables[*table].directory.room() - counts.in_use();
            if needed > room {
                tight.push((*table, counts, needed));
            }
        }
        // nothing has moved yet
        if let (WhenFull::Error, Some(&(table, counts, needed))) = (self.settings.when_full, tight.first()) {
            let table = &self.lookup.tables[table];
            return Err(Error::DirectoryFull {
                table: table.name.clone(),
                needed: u64::from(counts.in_use()) + u64::from(needed),
                rows: table.directory.room().into(),
            });
        }
        for (table, counts, needed) in tight {
            match self.settings.when_full {
                WhenFull::Evict(eviction) => self.evict(raw, table, counts, needed, eviction)?,
                WhenFull::Grow => self.grow(raw, table, counts, needed)?,
                WhenFull::Error | WhenFull::Refuse => {}
            }
        }
        Ok(())
    }

    fn evict(
        &mut self,
        raw: &RawIds,
        table: usize,
        counts: Counts,
        needed: u32,
        eviction: Eviction,
    ) -> Result<()> {
        let ctx = self.context().clone();
        let spec = &self.lookup.tables[table];
        let (capacity, chunks) = (spec.directory.room(), spec.chunks);
        let short = needed - (capacity - counts.in_use());
        let leaving = short.max(capacity / 32).min(counts.had);
        let mut rec = Recorder::new(&ctx);
        let credit = self.record_credit(&mut rec, raw, table, counts.had, eviction)?;
        let sorted = sort_by_key(&mut rec, &credit, counts.had, u32::BITS)?;
        let [credit, rows] = [sorted.keys, sorted.positions];
        let all = leaving * chunks;
        let places = rec.scratch("embag.places", (u64::from(all) + 1) * 4)?;
        let params = evict_marks::Params { len: leaving, chunks };
        let bindings = evict_marks::Bindings {
            credit: credit.clone(),
            rows: rows.clone(),
            slots: spec.slots.clone(),
            marks: places.clone(),
        };
        rec.dispatch(Dispatch::threads(0, &params, bindings, all + 1));
        prefix_sum(&mut rec, &places, all + 1)?;
        let params = evict_chunks::Params { len: leaving, chunks };
        let bindings = evict_chunks::Bindings {
            credit: credit.clone(),
            rows: rows.clone(),
            places: places.clone(),
            free_count: self.free_count.clone(),
            free: self.free.clone(),
            slots: spec.slots.clone(),
            utility: self.worth[table].utility.clone(),
        };
        rec.dispatch(Dispatch::threads(0, &params, bindings, all));
        let params = chunk_room::Params { len: all, stage: chunk_room::LEAVE, spare: 0 };
        let (progress, room) = (rec.scratch("embag.progress", 12)?, rec.scratch("embag.room", 16)?);
        rec.clear(&progress);
        let bindings = chunk_room::Bindings {
            places: places.clone(),
            comers: places,
            free_count: self.free_count.clone(),
            progress,
            room,
        };
        rec.dispatch(Dispatch::new(0, &params, bindings, 1));
        self.ground.moves(&ctx, "rows left for others");
        let directory = &mut self.lookup.tables[table].directory;
        let gone = directory.leave(rec, [&credit, &rows], leaving, counts)?;
        let step = self.steps();
        let worth = &mut self.worth[table];
        worth.stats.evicted += u64::from(gone);
        worth.left_after = Some(step);
        self.epoch += 1;
        Ok(())
    }

    /// What each row that was ever in use is kept for; those of the batch, for ever.
    fn record_credit(
        &self,
        rec: &mut Recorder,
        raw: &RawIds,
        table: usize,
        rows: u32,
        eviction: Eviction,
    ) -> Result<Buffer> {
        let spec = &self.lookup.tables[table];
        let credit = rec.scratch("embag.credit", u64::from(rows) * 4)?;
        let params = evict_credit::Params {
            len: rows,
            chunks: spec.chunks,
            policy: eviction.kernel(),
            step: self.steps(),
            decay: self.settings.utility.decay,
            power: if let Eviction::DistanceLfu { power } = eviction { power } else { 0.0 },
            words: self.settings.words(),
        };
        let bindings = evict_credit::Bindings {
            row_ids: spec.directory.row_ids().clone(),
            touch: self.worth[table].touch.clone(),
            utility: self.worth[table].utility.clone(),
            credit: credit.clone(),
        };
        rec.dispatch(Dispatch::threads(0, &params, bindings, rows));
        for Ids { range, .. } in self.lookup.ids_of(raw, |of| of == table) {
            let params = evict_protect::Params { len: range.end - range.start, first: range.start };
            let rows = raw.batch.inner.ids_buffer.clone();
            let bindings = evict_protect::Bindings { rows, credit: credit.clone() };
            rec.dispatch(Dispatch::threads(0, &params, bindings, params.len));
        }
        Ok(credit)
    }

    fn grow(&mut self, raw: &RawIds, table: usize, counts: Counts, needed: u32) -> Result<()> {
        let before = self.lookup.tables[table].directory.room();
        // what is needed has to be; below a row for each of the numbers
        let least = counts.in_use().saturating_add(needed).min(NONE - 1);
        let mut rows = before.saturating_mul(2).clamp(least, NONE - 1);
        loop {
            match self.grown(table, rows) {
                // fewer may fit
                Ok(false) | Err(Error::LimitExceeded { .. }) if rows > least => {
                    rows = least.max(before + (rows - before) / 2);
                }
                Ok(false) => return self.evict(raw, table, counts, needed, Eviction::Utility),
                Err(Error::LimitExceeded { .. }) if self.budget.is_some() => {
                    return self.evict(raw, table, counts, needed, Eviction::Utility);
                }
                result => return result.map(drop),
            }
        }
    }

    /// Gives a table more rows, and within a budget the slots for them that fit; says whether the budget has
    /// room for the rows beside the slots that there are. Nothing has changed if it has none.
    fn grown(&mut self, table: usize, rows: u32) -> Result<bool> {
        let Some(budget) = self.budget else { return self.grow_to(table, rows).map(|()| true) };
        let metadata = self.bytes_beside_slots() + self.bytes_to_grow(table, rows)?;
        let Ok(slots) = slots_within(budget, metadata, self.lookup.slot()) else { return Ok(false) };
        if slots < self.slots() {
            return Ok(false);
        }
        self.grow_to(table, rows)?;
        let slots = slots.min(self.all_chunks());
        if slots > self.slots() {
            self.resize(slots)?;
        }
        Ok(true)
    }

    /// Bytes that chunks would be found with more if a table had room for so many rows.
    pub(super) fn bytes_to_grow(&self, table: usize, rows: u32) -> Result<u64> {
        let Table { chunks, directory, .. } = &self.lookup.tables[table];
        let Some(more) = rows.checked_sub(directory.room()).filter(|&more| more > 0) else { return Ok(0) };
        let of_row = u64::from(*chunks) * 8 + u64::from(self.settings.words()) * 4;
        Ok(u64::from(more) * of_row + directory.bytes_to_grow(rows)?)
    }

    /// Chunks of all rows that there is room for.
    pub(super) fn all_chunks(&self) -> u32 {
        let of_table = |table: &Table| table.directory.room().saturating_mul(table.chunks);
        self.lookup.tables.iter().map(of_table).fold(0, u32::saturating_add).min(NONE - 1)
    }

    /// Gives a table more rows. Its memory lies by itself then; if it lay beside that of others, its place
    /// there stays unused.
    pub(super) fn grow_to(&mut self, table: usize, rows: u32) -> Result<()> {
        let ctx = self.context().clone();
        let (spec, worth) = (&mut self.lookup.tables[table], &mut self.worth[table]);
        let before = spec.directory.room();
        let slots = chunk_words(&ctx, SLOTS, &spec.name, rows, spec.chunks)?;
        let utility = chunk_words(&ctx, "embag.chunk_utility", &spec.name, rows, spec.chunks)?;
        let touch = chunk_words(&ctx, "embag.row_touch", &spec.name, rows, self.settings.words())?;
        let mut rec = Recorder::new(&ctx);
        let mut moved = 0;
        for (old, new) in [(&spec.slots, &slots), (&worth.utility, &utility), (&worth.touch, &touch)] {
            rec.copy(old, &new.part(0, old.size()))?;
            moved += old.size();
        }
        fill_with_none(&ctx, &slots.part(spec.slots.size(), slots.size() - spec.slots.size()))?;
        rec.run()?;
        moved += spec.directory.grow(rows)?;
        self.ground.moves(&ctx, "a table grew");
        (spec.slots, worth.utility, worth.touch) = (slots, utility, touch);
        worth.stats.growths.push(Growth { rows: (before, rows), transient_bytes: moved });
        Ok(())
    }
}
