//! Batches and the rows they need.

use std::sync::Arc;

use rayon::prelude::*;

use super::batch::Hold;
use super::directory::{Directory, NoRoom};
use super::traffic::Pair;
use super::{CachedBags, CachedBatch};
use crate::bag::{BatchBuilder, Batches, FeatureSpec, Flat, ForCache, Id};
use crate::kernels::feature::NONE;
use crate::{Error, Result};

/// What a batch needs of one table.
struct Needs {
    /// The slots of its rows, each once.
    slots: Vec<u32>,
    hits: usize,
    /// Those that are not there yet.
    fills: Vec<Pair>,
}

impl CachedBags {
    /// Begins a batch from host data, feature by feature, for [`CachedBags::place`] and
    /// [`CachedBags::prefetch`].
    #[must_use]
    pub fn batch(&self) -> BatchBuilder<ForCache> {
        self.batches().batch()
    }

    /// What begins such batches in other threads.
    #[must_use]
    pub fn batches(&self) -> Batches<ForCache> {
        Batches::new(self.context(), &self.schema)
    }

    /// Makes a batch and brings its rows to the device, in place of others that no batch in use needs. Does
    /// not wait for the device, except for what the placement before evicted. Raw ids without a row are
    /// skipped; [`CachedBags::admit`] gives them one.
    ///
    /// # Errors
    /// As [`BatchBuilder::build`]; [`Error::InvalidArgument`] if the cache of a table has too few slots for
    /// the rows of this batch and those of others that are in use.
    pub fn place(&mut self, batch: BatchBuilder<ForCache>) -> Result<CachedBatch> {
        batch.fits(&self.schema)?;
        self.place_flat(batch.collect()?)
    }

    /// [`CachedBags::place`] after new ids of tables of [raw ids](crate::Table::raw_ids) have got rows, as
    /// [`EmbeddingBags::admit`](crate::EmbeddingBags::admit) gives them; the directories lie on the host.
    ///
    /// # Errors
    /// As [`CachedBags::place`]; ids may have got rows then.
    pub fn admit(&mut self, batch: BatchBuilder<ForCache>) -> Result<CachedBatch> {
        batch.fits(&self.schema)?;
        self.admit_flat(batch.collect()?)
    }

    /// [`CachedBags::admit`] for a batch in the layout of a KeyedJaggedTensor, as
    /// [`CachedBags::place_from_lengths`] takes it.
    ///
    /// # Errors
    /// As [`CachedBags::admit`].
    pub fn admit_from_lengths<I: Id>(
        &mut self,
        values: &[I],
        lengths: &[u32],
        weights: Option<&[f32]>,
    ) -> Result<CachedBatch> {
        self.admit_flat(Flat::from_lengths(&self.schema, values, lengths, weights)?)
    }

    fn admit_flat(&mut self, mut flat: Flat) -> Result<CachedBatch> {
        flat.check_ids(self.schema.bounds)?;
        let (ids, whole) = (&mut self.ids, &self.whole);
        let step = self.device.steps().saturating_add(1);
        flat.resolve(&self.schema, |table, raw| {
            let rows = ids.admit(table, raw)?;
            if whole.tracks_changes() {
                // known ones may be among them
                let mut admitted: Vec<u32> = rows.iter().copied().filter(|&row| row != NONE).collect();
                admitted.sort_unstable();
                admitted.dedup();
                whole.stamp(table, &admitted, step)?;
            }
            Ok(rows)
        })?;
        self.place_flat(flat)
    }

    /// As [`EmbeddingBags::age_counts`](crate::EmbeddingBags::age_counts).
    ///
    /// # Errors
    /// [`Error::Device`] if the host's context fails.
    pub fn age_counts(&mut self) -> Result<()> {
        self.ids.age_counts()
    }

    /// [`CachedBags::place`] for a batch in the layout of a KeyedJaggedTensor, as
    /// [`EmbeddingBags::batch_from_lengths`](crate::EmbeddingBags::batch_from_lengths).
    ///
    /// # Errors
    /// As [`CachedBags::place`].
    pub fn place_from_lengths<I: Id>(
        &mut self,
        values: &[I],
        lengths: &[u32],
        weights: Option<&[f32]>,
    ) -> Result<CachedBatch> {
        self.place_flat(Flat::from_lengths(&self.schema, values, lengths, weights)?)
    }

    /// [`CachedBags::place_from_lengths`] with a number of examples for each feature, as
    /// [`EmbeddingBags::batch_from_variable_lengths`](crate::EmbeddingBags::batch_from_variable_lengths).
    ///
    /// # Errors
    /// As [`CachedBags::place`], and if the sum of `examples` is not the number of lengths.
    pub fn place_from_variable_lengths<I: Id>(
        &mut self,
        values: &[I],
        lengths: &[u32],
        examples: &[usize],
        weights: Option<&[f32]>,
    ) -> Result<CachedBatch> {
        self.place_flat(Flat::from_variable(&self.schema, values, lengths, examples, weights)?)
    }

    /// [`CachedBags::place_from_lengths`] with offsets: one more than bags, from 0 to the number of ids.
    ///
    /// # Errors
    /// As [`CachedBags::place`], and [`Error::Offsets`].
    pub fn place_from_offsets<I: Id>(
        &mut self,
        values: &[I],
        offsets: &[u32],
        weights: Option<&[f32]>,
    ) -> Result<CachedBatch> {
        self.place_flat(Flat::from_offsets(&self.schema, values, offsets, weights)?)
    }

    fn place_flat(&mut self, mut flat: Flat) -> Result<CachedBatch> {
        let schema = self.schema.clone();
        flat.check_ids(schema.bounds)?;
        if flat.is_raw() {
            flat.resolve(&schema, |table, raw| self.ids.find(table, raw))?;
        }
        let mut lists: Vec<Vec<Ids<'_>>> = self.directories.iter().map(|_| Vec::new()).collect();
        let mut rest = &mut flat.ids[..];
        for (spec, &count) in schema.features.iter().zip(&flat.counts) {
            let (ids, later) = rest.split_at_mut(count as usize);
            lists[spec.table].push(Ids { ids, rows: spec.shape.rows, padding: spec.padding });
            rest = later;
        }
        let slots = self.place_ids(lists, "batch")?;
        let inner = flat.upload(self.context(), self.device.schema())?;
        Ok(CachedBatch { inner, hold: Arc::new(Hold::new(&self.slots, slots)) })
    }

    /// Brings the rows of each table's ids to the device and puts their slots in place of the ids; gives the
    /// slots, each once. `what` names the ids in errors.
    pub(super) fn place_ids(&mut self, lists: Vec<Vec<Ids<'_>>>, what: &str) -> Result<Vec<Vec<u32>>> {
        self.settle()?;
        self.now += 1;
        let (now, slots) = (self.now, &self.slots);
        let tables = self.directories.par_iter_mut().zip(lists).enumerate();
        let needs: Vec<Result<Needs, NoRoom>> = tables
            .map(|(table, (directory, lists))| needs(directory, lists, now, |slot| slots.held(table, slot)))
            .collect();
        let placed = needs.iter().all(Result::is_ok);
        self.directories.iter_mut().for_each(|directory| directory.end_placement(placed));
        let needs = needs.into_iter().enumerate().map(|(table, needs)| {
            needs.map_err(|NoRoom { needed, available }| {
                let argument = format!("{what}, table \"{}\"", self.whole.tables().names()[table]);
                let slots = self.directories[table].slots();
                let expected = match slots - available {
                    0 => format!("at most {slots} distinct rows, as many as the cache has slots"),
                    held => format!(
                        "at most {available} distinct rows: the cache has {slots} slots, and {held} of them hold \
                         other rows of batches in use"
                    ),
                };
                Error::invalid(argument, expected, needed)
            })
        });
        let needs = needs.collect::<Result<Vec<_>>>()?;

        let (fills, slots): (Vec<_>, Vec<_>) =
            needs.into_iter().map(|Needs { slots, hits, fills }| (fills, (slots, hits))).unzip();
        self.bring(&fills)?;
        for (table, (slots, hits)) in slots.iter().enumerate() {
            self.directories[table].count(slots);
            self.stats[table].hits += *hits as u64;
            self.stats[table].misses += (slots.len() - hits) as u64;
        }
        Ok(slots.into_iter().map(|(slots, _)| slots).collect())
    }

    /// Brings rows of a batch to the device ahead of [`CachedBags::place`], while the device still works on
    /// what was submitted before, and returns how many. Only a wish: rows stay on the host if their places
    /// are needed by batches in use, and ids that are no rows are passed over.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] if the batch was begun by other bags, [`Error::Device`] if the device
    /// fails.
    pub fn prefetch(&mut self, batch: &BatchBuilder<ForCache>) -> Result<usize> {
        batch.fits(&self.schema)?;
        self.settle()?;
        self.now += 1;
        let mut rows: Vec<Vec<u32>> = vec![Vec::new(); self.directories.len()];
        for (spec, ids) in batch.given() {
            if spec.raw {
                rows[spec.table]
                    .extend(self.ids.find(spec.table, ids)?.into_iter().filter(|&row| row != NONE));
                continue;
            }
            let ids = ids.iter().filter_map(|&id| u32::try_from(id).ok());
            rows[spec.table].extend(ids.filter(|&id| is_row(spec, id)));
        }
        let (now, slots) = (self.now, &self.slots);
        let tables = self.directories.par_iter_mut().zip(rows).enumerate();
        let fills: Vec<Vec<Pair>> = tables
            .map(|(table, (directory, mut rows))| {
                rows.retain(|&row| directory.need(row, now).is_none());
                rows.sort_unstable();
                rows.dedup();
                // without going astray there is nothing that could fail
                let slots = directory.choose(&rows, now, |slot| slots.held(table, slot), false);
                directory.end_placement(true);
                let pairs = rows.iter().zip(slots.unwrap_or_default());
                pairs.filter_map(|(&row, slot)| slot.map(|slot| Pair { row, slot })).collect()
            })
            .collect();
        self.bring(&fills)?;
        for (stats, fills) in self.stats.iter_mut().zip(&fills) {
            stats.prefetched += fills.len() as u64;
        }
        Ok(fills.iter().map(Vec::len).sum())
    }
}

/// Ids of a table.
pub(super) struct Ids<'a> {
    ids: &'a mut [u32],
    /// Those that are this many or more are no rows, nor is the padding id.
    rows: u32,
    padding: u32,
}

impl<'a> Ids<'a> {
    /// Ids that all are rows.
    pub(super) fn all_rows(ids: &'a mut [u32]) -> Self {
        Self { ids, rows: NONE, padding: NONE }
    }
}

fn is_row(spec: &FeatureSpec, id: u32) -> bool {
    id < spec.shape.rows && id != spec.padding
}

/// Finds or chooses a slot for each id of a table and replaces the id by it. An id that stands for no row
/// becomes a number that is no slot.
fn needs(
    directory: &mut Directory,
    lists: Vec<Ids<'_>>,
    now: u64,
    held: impl Fn(usize) -> bool,
) -> Result<Needs, NoRoom> {
    let mut slots = Vec::new();
    let mut missing: Vec<(u32, &mut u32)> = Vec::new();
    for Ids { ids, rows, padding } in lists {
        for id in ids {
            if *id >= rows || *id == padding {
                *id = NONE;
                continue;
            }
            match directory.need(*id, now) {
                Some((slot, first)) => {
                    *id = slot;
                    slots.extend(first.then_some(slot));
                }
                None => missing.push((*id, id)),
            }
        }
    }
    missing.sort_unstable_by_key(|&(row, _)| row);
    let mut rows: Vec<u32> = missing.iter().map(|&(row, _)| row).collect();
    rows.dedup();
    let hits = slots.len();
    let chosen = directory.choose(&rows, now, held, true)?;
    let pairs = rows.iter().zip(chosen.into_iter().flatten());
    let fills: Vec<Pair> = pairs.map(|(&row, slot)| Pair { row, slot }).collect();
    for (same, fill) in missing.chunk_by_mut(|a, b| a.0 == b.0).zip(&fills) {
        same.iter_mut().for_each(|(_, id)| **id = fill.slot);
    }
    slots.extend(fills.iter().map(|fill| fill.slot));
    Ok(Needs { slots, hits, fills })
}
