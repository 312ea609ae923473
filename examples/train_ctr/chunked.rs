//! Chunked tables while they are trained: room for ids that are new, adjustments, and what these came to.

use std::collections::HashMap;

use embag::IdDirectory;
use embag::chunked::{ChunkedTables, WhenFull};
use embag::{Context, Result};

use crate::chunked_report::{AdjustmentReport, Bytes, ChunkedReport};
use crate::ctr::{Chunked, INIT, Settings, Target, optimizer};
use crate::data::Schema;
use crate::upkeep::{Kept, Upkeep};

/// The one table of all features: hashed with the names of their own, their ids are unrelated.
const TABLE: &str = "ids";
/// Rows of a directory that grows.
const FIRST_ROWS: u32 = 64;
/// What comes must be worth the threshold, and no more.
const MARGIN: f32 = 1.0;

/// The schedule of a chunked table for all features.
#[derive(Debug)]
pub struct Schedule {
    settings: Chunked,
    features: usize,
    /// Of a row.
    chunks: u32,
    peak: u64,
    adjustments: Vec<AdjustmentReport>,
    /// By virtual ids, if they are counted.
    occurrences: Option<HashMap<u32, u64>>,
}

impl Schedule {
    /// A table without ids, and its schedule, which counts their occurrences or not.
    pub fn new(
        ctx: &Context,
        schema: &Schema,
        settings: &Settings,
        chunked: Chunked,
        counted: bool,
    ) -> Result<(ChunkedTables, Self)> {
        let dim = settings.dim.get();
        // a dim that no u32 holds is an error of the tables
        let chunks = u32::try_from(dim).unwrap_or(u32::MAX) / chunked.chunk;
        let builder = ChunkedTables::builder(ctx)
            .chunk_width(chunked.chunk)
            .scale(INIT)
            .seed(settings.seed)
            .optimizer(optimizer::of(settings));
        let mut builder = match chunked.target {
            Target::All | Target::Prune(_) => builder
                .table(TABLE, chunked.rows.unwrap_or(FIRST_ROWS) as usize, dim)
                .slots(chunks)
                .when_full(WhenFull::Grow),
            Target::Budget(bytes) => {
                let rows = chunked.rows.unwrap_or_else(|| rows_found_with(bytes / 2, chunks));
                builder.table(TABLE, rows as usize, dim).budget(bytes)
            }
        };
        for feature in &schema.features {
            builder = builder.feature(&feature.name, TABLE, feature.pooling());
        }
        let features = schema.features.len();
        let tables = builder.build()?;
        let occurrences = counted.then(HashMap::new);
        let schedule =
            Self { settings: chunked, features, chunks, peak: 0, adjustments: Vec::new(), occurrences };
        Ok((tables, schedule))
    }

    /// Adds slots if there are too few free ones for all chunks of the ids that are new.
    fn make_room(&self, tables: &mut ChunkedTables, ids: &[u64]) -> Result<()> {
        let mut distinct = ids.to_vec();
        distinct.sort_unstable();
        distinct.dedup();
        let free = u64::from(tables.free_slots()?);
        if distinct.len() as u64 * u64::from(self.chunks) <= free {
            return Ok(());
        }
        // all of them in one bag, of the first feature
        let mut lengths = vec![0; self.features];
        if let Some(first) = lengths.first_mut() {
            *first = u32::try_from(distinct.len()).unwrap_or(u32::MAX);
        }
        let needed = tables.find_from_lengths(&distinct, &lengths)?.absent()? * u64::from(self.chunks);
        if needed > free {
            let slots = tables.slots();
            // by a part of all, so that many batches of new ids do not each copy the store
            let more = u32::try_from(needed - free).unwrap_or(u32::MAX).max(slots / 4);
            tables.set_slots(slots.saturating_add(more))?;
        }
        Ok(())
    }

    fn adjust(&mut self, tables: &mut ChunkedTables, step: u64) -> Result<()> {
        let pruned = match self.settings.target {
            Target::All => return Ok(()),
            Target::Prune(share) => share,
            // the slots are the limit
            Target::Budget(_) => 0.0,
        };
        if step >= self.settings.warm_up {
            let adjusted = tables.adjust(pruned, MARGIN)?;
            self.adjustments.push(AdjustmentReport::new(step, &adjusted));
        }
        Ok(())
    }

    const fn has_budget(&self) -> bool {
        matches!(self.settings.target, Target::Budget(_))
    }
}

fn resident(tables: &ChunkedTables) -> Result<u32> {
    Ok(tables.slots() - tables.free_slots()?)
}

impl Upkeep<ChunkedTables> for Schedule {
    /// New ids get slots for all their chunks too, but for a budget: there they take what is free.
    fn before(&mut self, tables: &mut ChunkedTables, ids: &[u64]) -> Result<()> {
        if !self.has_budget() {
            self.make_room(tables, ids)?;
        }
        if let Some(occurrences) = &mut self.occurrences {
            for &id in ids {
                *occurrences.entry(IdDirectory::virtual_id(id)).or_default() += 1;
            }
        }
        Ok(())
    }

    /// Adjusts if it is time.
    fn stepped(&mut self, tables: &mut ChunkedTables, step: u64) -> Result<()> {
        if step.is_multiple_of(self.settings.adjust_every.get()) {
            self.adjust(tables, step)?;
        }
        self.peak = self.peak.max(tables.bytes().instead_of_dense());
        Ok(())
    }

    /// A last adjustment, so that what is tested has lost its share, and no more slots than are used.
    fn settle(&mut self, tables: &mut ChunkedTables, step: u64) -> Result<()> {
        if self.adjustments.last().is_none_or(|last| last.step < step) {
            self.adjust(tables, step)?;
        }
        if !self.has_budget() {
            tables.set_slots(resident(tables)?.max(1))?;
        }
        Ok(())
    }

    fn report(&self, tables: &ChunkedTables) -> Result<Option<ChunkedReport>> {
        let rows = tables.directory(TABLE)?.usage()?.rows;
        let bytes = tables.bytes();
        Ok(Some(ChunkedReport {
            rows: u32::try_from(rows).unwrap_or(u32::MAX),
            chunks: rows as u64 * u64::from(self.chunks),
            resident: resident(tables)?,
            rows_by_chunks: tables.resident_chunks(TABLE)?,
            bytes: Bytes {
                store: bytes.store,
                directory: bytes.directory,
                chunks: bytes.chunks,
                free: bytes.free,
            },
            peak_bytes: self.peak,
            adjustments: self.adjustments.clone(),
        }))
    }

    fn kept(&self, tables: &ChunkedTables) -> Result<Vec<Kept>> {
        let Some(occurrences) = &self.occurrences else { return Ok(Vec::new()) };
        let rows = tables.dense(TABLE)?;
        let chunks = rows.resident.chunks(self.chunks as usize);
        let kept = rows.virtual_ids.iter().zip(chunks).map(|(id, chunks)| {
            let resident = chunks.iter().map(|&resident| u32::from(resident)).sum::<u32>();
            let occurrences = occurrences.get(id).copied().unwrap_or_default();
            Kept { occurrences, columns: resident * self.settings.chunk }
        });
        Ok(kept.collect())
    }
}

/// How many rows of `chunks` chunks can be found with some bytes, at least one: a row takes 8 / 0.9 bytes for
/// its places and 4 for its virtual id, 4 once rows have left, 4 for the step it was changed in, and 8 for
/// each chunk's slot and utility.
fn rows_found_with(bytes: u64, chunks: u32) -> u32 {
    let ninths = 80 + 9 * (12 + 8 * u64::from(chunks));
    u32::try_from(bytes.saturating_mul(9) / ninths).unwrap_or(u32::MAX).max(1)
}

#[cfg(test)]
mod tests {
    use embag::Pooling;

    use super::*;

    #[test]
    fn rows_are_found_with_what_they_take() -> Result<()> {
        for chunks in [1, 2, 4] {
            let rows = rows_found_with(100_000, chunks);
            let tables = ChunkedTables::builder(&Context::cpu())
                .table(TABLE, rows as usize, 4 * chunks as usize)
                .feature("f", TABLE, Pooling::Sum)
                .chunk_width(4)
                .slots(1)
                .build()?;
            let bytes = tables.bytes();
            // 4 bytes a row come when rows leave
            let found = bytes.directory + bytes.chunks + 4 * u64::from(rows);
            assert!((99_000..101_000).contains(&found), "{found}");
        }
        assert_eq!(rows_found_with(1, 4), 1);
        Ok(())
    }
}
