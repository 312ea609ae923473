//! Chunked tables while they are trained: room for ids that are new, adjustments, and what these came to.

use std::collections::HashMap;

use embag::chunked::{ChunkedBatch, ChunkedTables, IdDirectory, WhenFull};
use embag::{Checkpoint, Context, Matrix, Recorder, Result};

use crate::args::Settings;
use crate::chunked_args::{Chunked, Target};
use crate::chunked_report::{AdjustmentReport, Bytes, ChunkedReport};
use crate::data::Schema;
use crate::embeddings::{BagLoader, Embeddings, INIT, Kept, PREFIX};
use crate::optimizer;

/// The one table of all features: hashed with the names of their own, their ids are unrelated.
const TABLE: &str = "ids";
/// Rows of a directory that grows.
const FIRST_ROWS: u32 = 64;
/// What comes must be worth the threshold, and no more.
const MARGIN: f32 = 1.0;

/// Raw ids as they are looked up: `lengths[f * batch + b]` for each feature and example, one after the other.
#[derive(Debug, Default)]
pub struct RawBags {
    pub ids: Vec<u64>,
    pub lengths: Vec<u32>,
}

/// A chunked table for all features, and its schedule.
#[derive(Debug)]
pub struct Tables {
    tables: ChunkedTables,
    settings: Chunked,
    features: usize,
    /// Of a row.
    chunks: u32,
    peak: u64,
    adjustments: Vec<AdjustmentReport>,
    /// By virtual ids, if they are counted.
    occurrences: Option<HashMap<u32, u64>>,
}

impl Tables {
    /// Tables without ids, whose occurrences are counted or not.
    pub fn new(
        ctx: &Context,
        schema: &Schema,
        settings: &Settings,
        chunked: Chunked,
        counted: bool,
    ) -> Result<Self> {
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
                .table(TABLE, chunked.rows.unwrap_or(FIRST_ROWS), dim)
                .slots(chunks)
                .when_full(WhenFull::Grow),
            Target::Budget(bytes) => {
                let rows = chunked.rows.unwrap_or_else(|| rows_found_with(bytes / 2, chunks));
                builder.table(TABLE, rows, dim).budget(bytes)
            }
        };
        for feature in &schema.features {
            builder = builder.feature(&feature.name, TABLE, feature.pooling());
        }
        let features = schema.features.len();
        let tables = builder.build()?;
        let occurrences = counted.then(HashMap::new);
        Ok(Self {
            tables,
            settings: chunked,
            features,
            chunks,
            peak: 0,
            adjustments: Vec::new(),
            occurrences,
        })
    }

    /// Adds slots if there are too few free ones for all chunks of the ids that are new.
    fn make_room(&mut self, ids: &[u64]) -> Result<()> {
        let mut distinct = ids.to_vec();
        distinct.sort_unstable();
        distinct.dedup();
        let free = u64::from(self.tables.free_slots()?);
        if distinct.len() as u64 * u64::from(self.chunks) <= free {
            return Ok(());
        }
        // all of them in one bag, of the first feature
        let mut lengths = vec![0; self.features];
        if let Some(first) = lengths.first_mut() {
            *first = u32::try_from(distinct.len()).unwrap_or(u32::MAX);
        }
        let needed = self.tables.find(&distinct, &lengths)?.absent()? * u64::from(self.chunks);
        if needed > free {
            let slots = self.tables.slots();
            // by a part of all, so that many batches of new ids do not each copy the store
            let more = u32::try_from(needed - free).unwrap_or(u32::MAX).max(slots / 4);
            self.tables.set_slots(slots.saturating_add(more))?;
        }
        Ok(())
    }

    fn adjust(&mut self, step: u64) -> Result<()> {
        let pruned = match self.settings.target {
            Target::All => return Ok(()),
            Target::Prune(share) => share,
            // the slots are the limit
            Target::Budget(_) => 0.0,
        };
        if step >= self.settings.warm_up {
            let adjusted = self.tables.adjust(pruned, MARGIN)?;
            self.adjustments.push(AdjustmentReport::new(step, &adjusted));
        }
        Ok(())
    }

    const fn has_budget(&self) -> bool {
        matches!(self.settings.target, Target::Budget(_))
    }

    fn resident(&self) -> Result<u32> {
        Ok(self.tables.slots() - self.tables.free_slots()?)
    }
}

/// Raw ids get rows when their step comes.
impl Embeddings for Tables {
    type Bags = RawBags;
    type Rows<'a> = ChunkedBatch;

    fn loader(&self, _schema: &Schema) -> BagLoader<RawBags> {
        Box::new(|examples| {
            let mut raw = RawBags::default();
            for bags in &examples.features {
                raw.ids.extend(&bags.values);
                raw.lengths.extend(&bags.lengths);
            }
            Ok(raw)
        })
    }

    fn output_cols(&self) -> usize {
        self.tables.output_cols()
    }

    /// New ids get slots for all their chunks too, but for a budget: there they take what is free.
    fn admit(&mut self, bags: &RawBags) -> Result<ChunkedBatch> {
        if !self.has_budget() {
            self.make_room(&bags.ids)?;
        }
        if let Some(occurrences) = &mut self.occurrences {
            for &id in &bags.ids {
                *occurrences.entry(IdDirectory::virtual_id(id)).or_default() += 1;
            }
        }
        self.tables.admit(&bags.ids, &bags.lengths)
    }

    fn find(&self, rec: &mut Recorder, bags: &RawBags) -> Result<ChunkedBatch> {
        self.tables.record_find(rec, &bags.ids, &bags.lengths)
    }

    fn forward(&self, rec: &mut Recorder, rows: &ChunkedBatch, out: &Matrix) -> Result<()> {
        self.tables.record_forward(rec, rows, out)
    }

    fn backward(&mut self, rec: &mut Recorder, rows: &ChunkedBatch, grad: &Matrix) -> Result<()> {
        self.tables.record_backward(rec, rows, grad)
    }

    /// Adjusts if it is time.
    fn stepped(&mut self, step: u64) -> Result<()> {
        if step.is_multiple_of(self.settings.adjust_every.get()) {
            self.adjust(step)?;
        }
        self.peak = self.peak.max(self.tables.bytes().instead_of_dense());
        Ok(())
    }

    /// A last adjustment, so that what is tested has lost its share, and no more slots than are used.
    fn settle(&mut self, step: u64) -> Result<()> {
        if self.adjustments.last().is_none_or(|last| last.step < step) {
            self.adjust(step)?;
        }
        if !self.has_budget() {
            self.tables.set_slots(self.resident()?.max(1))?;
        }
        Ok(())
    }

    fn bytes(&self) -> (u64, u64) {
        let bytes = self.tables.bytes();
        (bytes.instead_of_dense(), bytes.state)
    }

    fn report(&self) -> Result<Option<ChunkedReport>> {
        let rows = self.tables.directory(TABLE)?.usage()?.rows;
        let bytes = self.tables.bytes();
        Ok(Some(ChunkedReport {
            rows,
            chunks: u64::from(rows) * u64::from(self.chunks),
            resident: self.resident()?,
            rows_by_chunks: self.tables.resident_chunks(TABLE)?,
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

    fn kept(&self) -> Result<Vec<Kept>> {
        let Some(occurrences) = &self.occurrences else { return Ok(Vec::new()) };
        let rows = self.tables.dense(TABLE)?;
        let chunks = rows.resident.chunks(self.chunks as usize);
        let kept = rows.virtual_ids.iter().zip(chunks).map(|(id, chunks)| {
            let resident = chunks.iter().map(|&resident| u32::from(resident)).sum::<u32>();
            let occurrences = occurrences.get(id).copied().unwrap_or_default();
            Kept { occurrences, columns: resident * self.settings.chunk }
        });
        Ok(kept.collect())
    }

    fn export(&self, checkpoint: &mut Checkpoint) -> Result<()> {
        self.tables.export(checkpoint, PREFIX)
    }

    fn import(&mut self, checkpoint: &Checkpoint, lr: f32) -> Result<()> {
        self.tables.import(checkpoint, PREFIX)?;
        self.tables.set_lr(lr)
    }
}

/// How many rows of so many chunks can be found with some bytes, at least one: a row takes 8 / 0.9 bytes for its places and 4
/// for its virtual id, 4 once rows have left, 4 for the step it was changed in, and 8 for each chunk's slot and utility.
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
                .table(TABLE, rows, 4 * chunks as usize)
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
