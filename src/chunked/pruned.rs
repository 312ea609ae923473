//! Pruned tables, for serving.

use std::collections::HashSet;
use std::path::Path;

use serde::{Deserialize, Serialize};

use super::budget::Slot;
use super::export::{ExportedRows, WholeTable};
use super::lookup::{CHUNKS, Lookup, Table, TableSpec, lookup_methods};
use super::{ChunkedBatch, ChunkedBytes, ChunkedTables};
use crate::bag::{BatchBuilder, FeatureList, FeatureSpec, ForDirectory, Outputs, Pooling};
use crate::checkpoint::Checkpoint;
use crate::delta::Followed;
use crate::device::{Context, Matrix, Precision, Recorder};
use crate::directory::{DeviceIds, SavedDirectory};
use crate::kernels::feature::NONE;
use crate::numbers::narrow;
use crate::update::{Updates, insert_as, values_of};
use crate::{Error, Result};

/// What is left of [`ChunkedTables`] to look up: the chunks that have slots and the rows that have chunks,
/// without room for more, utilities, or an optimizer's state. Gives the same outputs. Those of tables that
/// [track their changes](super::ChunkedTablesBuilder::track_changes) have as much room as these, and
/// [follow](PrunedTables::apply) them.
///
/// ```
/// use embag::chunked::{ChunkedTables, PrunedTables};
/// use embag::optim::Sgd;
/// use embag::{Context, Pooling};
///
/// let ctx = Context::cpu();
/// let mut tables = ChunkedTables::builder(&ctx)
///     .table("movie", 1_000, 16)
///     .feature("liked", "movie", Pooling::Mean)
///     .chunk_width(4)
///     .slots(100)
///     .optimizer(Sgd::default())
///     .build()?;
/// let batch = tables.admit(tables.batch().bags("liked", &[7, u64::MAX, 7], &[2, 1]))?;
/// let pooled = tables.forward(&batch)?;
/// tables.backward(&batch, &pooled)?;
/// let pruned = tables.pruned()?;
/// assert!(pruned.bytes().instead_of_dense() < tables.bytes().instead_of_dense() / 10);
///
/// let ids = [7u64, 8];
/// let found = tables.find(tables.batch().feature("liked", &ids))?;
/// let served = pruned.find(pruned.batch().feature("liked", &ids))?;
/// assert_eq!(pruned.forward(&served)?.to_vec(&ctx)?, tables.forward(&found)?.to_vec(&ctx)?);
/// # Ok::<(), embag::Error>(())
/// ```
#[derive(Debug)]
pub struct PrunedTables {
    pub(super) lookup: Lookup,
    /// What they follow, if they do.
    pub(super) following: Option<Followed>,
}

/// Room for more than is there.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Spare {
    model: String,
    step: u32,
    /// Of each table.
    rows: Vec<u32>,
    slots: u32,
}

/// The most columns that a table of a file may have: those of any table.
const MOST_COLUMNS: u32 = 1 << 20;

/// The prefix of names in files.
const PREFIX: &str = "pruned";

/// What a file says of a table or feature.
type Described<T> = Vec<(String, T)>;

/// What a file says of a feature.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
#[serde(untagged)]
enum SavedFeature {
    Any {
        table: usize,
        pooling: Pooling,
        padding: Option<u32>,
    },
    /// Of version 0.2: its table, and whether it is a mean.
    SumOrMean(usize, bool),
}

impl SavedFeature {
    fn of(spec: &FeatureSpec) -> Self {
        Self::Any { table: spec.table, pooling: spec.pooling, padding: spec.given_padding() }
    }

    fn parts(self) -> (usize, Pooling, Option<u32>) {
        match self {
            Self::Any { table, pooling, padding } => (table, pooling, padding),
            Self::SumOrMean(table, true) => (table, Pooling::Mean, None),
            Self::SumOrMean(table, false) => (table, Pooling::Sum, None),
        }
    }
}

impl ChunkedTables {
    /// What of the tables is left to look up, on the same device. Blocks.
    ///
    /// # Errors
    /// [`Error::LimitExceeded`](crate::Error::LimitExceeded) or [`Error::Device`](crate::Error::Device) if
    /// the memory cannot be had.
    pub fn pruned(&self) -> Result<PrunedTables> {
        // before the rows are read, so that none is older
        let spare = self.followed().map(|followed| Spare {
            step: followed.step(),
            model: followed.model,
            rows: self.lookup.tables.iter().map(|table| table.directory.room()).collect(),
            // no more than there may be chunks
            slots: self.slots().min(self.all_chunks()),
        });
        let rows: Vec<ExportedRows> = (0..self.lookup.tables.len())
            .map(|table| self.lookup.exported(table, |_| true))
            .collect::<Result<_>>()?;
        let tables: Vec<(String, u32)> =
            self.lookup.tables.iter().map(|table| (table.name.clone(), table.chunks)).collect();
        let parts = rows.iter().zip(&tables).map(|(rows, (_, chunks))| Kept::of(rows, *chunks)).collect();
        PrunedTables::new(
            self.context(),
            self.lookup.slot(),
            &tables,
            &FeatureList::of(self.lookup.schema(), self.tables()),
            parts,
            self.lookup.output_precision,
            spare,
        )
    }
}

/// What is kept of a table.
struct Kept {
    virtual_ids: Vec<u32>,
    /// Of each row, whether a chunk is there.
    resident: Vec<bool>,
    /// The values of the chunks that are there, one after the other.
    values: Vec<f32>,
}

impl Kept {
    fn of(rows: &ExportedRows, chunks: u32) -> Self {
        let chunks = chunks as usize;
        let width = rows.values.len() / rows.resident.len().max(1);
        let mut kept = Self { virtual_ids: Vec::new(), resident: Vec::new(), values: Vec::new() };
        let of_rows = rows.resident.chunks(chunks).zip(rows.values.chunks((chunks * width).max(1)));
        for (&id, (resident, values)) in rows.virtual_ids.iter().zip(of_rows) {
            if !resident.contains(&true) {
                continue;
            }
            kept.virtual_ids.push(id);
            kept.resident.extend(resident);
            for (_, values) in resident.iter().zip(values.chunks(width)).filter(|(there, _)| **there) {
                kept.values.extend(values);
            }
        }
        kept
    }
}

impl PrunedTables {
    fn new(
        ctx: &Context,
        slot: Slot,
        tables: &[(String, u32)],
        features: &FeatureList,
        parts: Vec<Kept>,
        output_precision: Precision,
        spare: Option<Spare>,
    ) -> Result<Self> {
        let mut values = Vec::new();
        let mut next = 0u32;
        let mut specs = Vec::new();
        for (index, ((name, chunks), part)) in tables.iter().zip(&parts).enumerate() {
            let spare = spare.as_ref().and_then(|spare| spare.rows.get(index));
            let rows = narrow(part.virtual_ids.len()).max(*spare.unwrap_or(&1));
            specs.push(TableSpec { name: name.clone(), chunks: *chunks, rows });
        }
        let mut tables = Table::all(ctx, specs, 1, false)?;
        for (table, part) in tables.iter_mut().zip(parts) {
            table.directory.take(&SavedDirectory::of_rows(part.virtual_ids))?;
            let slots: Vec<u32> = part
                .resident
                .iter()
                .map(|&there| {
                    let slot = if there { next } else { NONE };
                    next += u32::from(there);
                    slot
                })
                .collect();
            table.slots.write(ctx, 0, &slots)?;
            values.extend(part.values);
        }
        // a store has a row at least
        let slots = next.max(spare.as_ref().map_or(1, |spare| spare.slots));
        let mut store = slot.store(ctx, Updates::default(), slots)?;
        values.resize(slots as usize * slot.width as usize, 0.0);
        store.upload(CHUNKS, &values)?;
        let lookup = Lookup::new(store, slot.width, tables, features, output_precision)?;
        let following = spare.map(|Spare { model, step, .. }| Followed::new(model, step));
        Ok(Self { lookup, following })
    }

    lookup_methods!();

    /// All tables, for other kinds that take them over.
    pub(crate) fn whole(&self) -> Result<Vec<WholeTable>> {
        // until then no delta is applied
        let _hold = self.following.as_ref().map(Followed::hold);
        self.lookup.whole()
    }

    /// Bytes on the device.
    #[must_use]
    pub fn bytes(&self) -> ChunkedBytes {
        self.lookup.bytes()
    }

    /// As [`ChunkedTables::find`].
    ///
    /// # Errors
    /// As [`ChunkedTables::find`].
    pub fn find(&self, batch: BatchBuilder<ForDirectory>) -> Result<ChunkedBatch> {
        self.lookup.find(&self.lookup.named(batch, self.standing())?, 0)
    }

    /// As [`ChunkedTables::find_from_lengths`].
    ///
    /// # Errors
    /// As [`ChunkedTables::find_from_lengths`].
    pub fn find_from_lengths(&self, ids: &[u64], lengths: &[u32]) -> Result<ChunkedBatch> {
        self.find_weighted(ids, lengths, None)
    }

    pub(crate) fn find_weighted(
        &self,
        ids: &[u64],
        lengths: &[u32],
        weights: Option<&[f32]>,
    ) -> Result<ChunkedBatch> {
        self.lookup.find(&self.lookup.raw_ids(ids, lengths, weights, self.standing())?, 0)
    }

    /// Records [`PrunedTables::find`].
    ///
    /// # Errors
    /// As [`PrunedTables::find`].
    pub fn record_find(&self, rec: &mut Recorder, batch: BatchBuilder<ForDirectory>) -> Result<ChunkedBatch> {
        self.lookup.record_find(rec, &self.lookup.named(batch, self.standing())?, 0)
    }

    /// Records [`PrunedTables::find_from_lengths`].
    ///
    /// # Errors
    /// As [`PrunedTables::find_from_lengths`].
    pub fn record_find_from_lengths(
        &self,
        rec: &mut Recorder,
        ids: &[u64],
        lengths: &[u32],
    ) -> Result<ChunkedBatch> {
        self.lookup.record_find(rec, &self.lookup.raw_ids(ids, lengths, None, self.standing())?, 0)
    }

    /// Records [`PrunedTables::find`] for ids that already lie in device memory.
    ///
    /// # Errors
    /// As [`ChunkedTables::record_find_from_device`].
    pub fn record_find_from_device(&self, rec: &mut Recorder, ids: DeviceIds) -> Result<ChunkedBatch> {
        self.lookup.record_find_from_device(rec, ids, self.standing(), 0)
    }

    /// As [`ChunkedTables::forward`].
    ///
    /// # Errors
    /// [`Error::InvalidArgument`](crate::Error::InvalidArgument) if the batch is of other tables.
    pub fn forward(&self, batch: &ChunkedBatch) -> Result<Matrix> {
        self.lookup.forward(batch)
    }

    /// As [`ChunkedTables::forward_features`].
    ///
    /// # Errors
    /// As [`PrunedTables::forward`].
    pub fn forward_features(&self, batch: &ChunkedBatch) -> Result<Vec<Matrix>> {
        self.lookup.forward_features(batch)
    }

    /// Records the lookup into one matrix, or one for each feature.
    ///
    /// # Errors
    /// As [`PrunedTables::forward`], and if `out` has another shape.
    pub fn record_forward<'a>(
        &self,
        rec: &mut Recorder,
        batch: &ChunkedBatch,
        out: impl Into<Outputs<'a>>,
    ) -> Result<()> {
        self.lookup.record_forward(rec, batch, out.into())
    }

    /// Adds them to a checkpoint: for each table `{prefix}.{table}.virtual_ids`, `.resident` (`[rows,
    /// chunks]`, 1 where a chunk is there) and `.values` (of the chunks that are there, `[chunks, width]`, in
    /// the type that they are kept in). Blocks.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`](crate::Error::InvalidArgument) if the checkpoint has one of these names
    /// already, [`Error::Device`](crate::Error::Device) if the device fails.
    pub fn export(&self, checkpoint: &mut Checkpoint, prefix: &str) -> Result<()> {
        // until then no delta is applied
        let hold = self.following.as_ref().map(Followed::hold);
        let (mut tables, width) = (Vec::new(), self.lookup.width as usize);
        for (index, table) in self.lookup.tables.iter().enumerate() {
            let Kept { virtual_ids, resident, values } =
                Kept::of(&self.lookup.exported(index, |_| true)?, table.chunks);
            let name = |what: &str| format!("{prefix}.{}.{what}", table.name);
            let shape = [virtual_ids.len(), table.chunks as usize];
            checkpoint.insert(&name("virtual_ids"), &[virtual_ids.len()], virtual_ids)?;
            checkpoint.insert(&name("resident"), &shape, resident.into_iter().map(u32::from).collect())?;
            let shape = [values.len() / width, width];
            insert_as(checkpoint, &name("values"), &shape, values, self.precision())?;
            tables.push((table.name.clone(), table.chunks));
        }
        let features = self.lookup.schema().features.iter();
        let features: Described<SavedFeature> =
            features.map(|spec| (spec.name.clone(), SavedFeature::of(spec))).collect();
        checkpoint.set_json(&format!("{prefix}.chunk_width"), &self.lookup.width)?;
        let spare = self.following.as_ref().map(|following| Spare {
            model: following.model.clone(),
            step: following.step(),
            rows: self.lookup.tables.iter().map(|table| table.directory.room()).collect(),
            slots: self.lookup.store.tables().shape(0).rows,
        });
        drop(hold);
        checkpoint.set_json(&format!("{prefix}.spare"), &spare)?;
        checkpoint.set_json(&format!("{prefix}.precision"), &self.precision())?;
        checkpoint.set_json(&format!("{prefix}.tables"), &tables)?;
        checkpoint.set_json(&format!("{prefix}.features"), &features)
    }

    /// [`PrunedTables::export`] into a file of its own.
    ///
    /// # Errors
    /// As [`PrunedTables::export`] and [`Checkpoint::save`].
    pub fn save(&self, path: impl AsRef<Path>) -> Result<()> {
        let mut checkpoint = Checkpoint::new();
        self.export(&mut checkpoint, PREFIX)?;
        checkpoint.save(path)
    }

    /// Makes them from a file that [`PrunedTables::save`] wrote.
    ///
    /// # Errors
    /// As [`Checkpoint::load`] and [`PrunedTables::from_checkpoint`].
    pub fn from_file(ctx: &Context, path: impl AsRef<Path>) -> Result<Self> {
        Self::from_checkpoint(ctx, &Checkpoint::load(path)?, PREFIX)
    }

    /// Makes the tables that [`PrunedTables::export`] described, on any device.
    ///
    /// # Errors
    /// [`Error::Checkpoint`](crate::Error::Checkpoint) if there are none, or they are damaged,
    /// [`Error::LimitExceeded`](crate::Error::LimitExceeded) or [`Error::Device`](crate::Error::Device) if
    /// the memory cannot be had.
    pub fn from_checkpoint(ctx: &Context, checkpoint: &Checkpoint, prefix: &str) -> Result<Self> {
        let width: u32 = checkpoint.json(&format!("{prefix}.chunk_width"))?;
        // files of version 0.2 have no other
        let precision = match checkpoint.metadata(&format!("{prefix}.precision")) {
            Some(_) => checkpoint.json(&format!("{prefix}.precision"))?,
            None => Precision::F32,
        };
        let spare: Option<Spare> = match checkpoint.metadata(&format!("{prefix}.spare")) {
            Some(_) => checkpoint.json(&format!("{prefix}.spare"))?,
            None => None,
        };
        let tables: Described<u32> = checkpoint.json(&format!("{prefix}.tables"))?;
        let saved: Described<SavedFeature> = checkpoint.json(&format!("{prefix}.features"))?;
        if ![4, 8, 16, 32].contains(&width) || saved.is_empty() {
            let expected = "chunks of 4, 8, 16 or 32 columns, and features";
            return Err(checkpoint.mismatch("pruned tables", expected, format!("{width}, {saved:?}")));
        }
        let mut features = FeatureList::default();
        for (name, feature) in &saved {
            let (table, pooling, padding) = feature.parts();
            let Some((table, _)) = tables.get(table) else {
                let expected = format!("one of {} tables", tables.len());
                return Err(checkpoint.mismatch(format!("feature \"{name}\""), expected, table));
            };
            features.add(name, table, pooling);
            padding.into_iter().for_each(|padding| features.pad(padding));
        }
        let mut parts = Vec::new();
        for (index, (table, chunks)) in tables.iter().enumerate() {
            let fits = chunks.checked_mul(width).is_some_and(|dim| (1..=MOST_COLUMNS).contains(&dim));
            if !fits || tables[..index].iter().any(|(other, _)| other == table) {
                let what = format!("table \"{table}\"");
                return Err(checkpoint.mismatch(what, "a name of its own, and chunks", chunks));
            }
            let name = |what: &str| format!("{prefix}.{table}.{what}");
            let rows = checkpoint.shape(&name("virtual_ids")).and_then(|shape| shape.first()).copied();
            let rows = rows.unwrap_or(0);
            let virtual_ids = checkpoint.tensor::<u32>(&name("virtual_ids"), &[rows])?.to_vec();
            let mut seen = HashSet::new();
            if let Some(bad) = virtual_ids.iter().find(|&&id| id == 0 || id == NONE || !seen.insert(id)) {
                return Err(checkpoint.mismatch(name("virtual_ids"), "different virtual ids", bad));
            }
            let resident = checkpoint.tensor::<u32>(&name("resident"), &[rows, *chunks as usize])?;
            let resident: Vec<bool> = resident.iter().map(|&there| there != 0).collect();
            let count = resident.iter().filter(|&&there| there).count();
            let shape = [count, width as usize];
            let values = values_of(checkpoint, &name("values"), &shape, precision)?.into_owned();
            parts.push(Kept { virtual_ids, resident, values });
        }
        if let Some(spare) = &spare {
            let saved = parts.iter().map(|part| part.virtual_ids.len().max(1));
            let enough = spare.rows.iter().zip(saved).all(|(&rows, saved)| rows as usize >= saved);
            let chunks = spare
                .rows
                .iter()
                .zip(&tables)
                .map(|(&rows, (_, chunks))| u64::from(rows) * u64::from(*chunks));
            let there: usize = parts.iter().map(|part| part.values.len() / width as usize).sum();
            let slots = there.max(1) as u64..=chunks.sum::<u64>();
            if spare.rows.len() != tables.len() || !enough || !slots.contains(&spare.slots.into()) {
                let expected =
                    "room for the rows and chunks that are there, and for no more chunks than of the rows";
                return Err(checkpoint.mismatch("spare", expected, format!("{spare:?}")));
            }
        }
        let damaged = |error| match error {
            Error::InvalidArgument { .. } => {
                checkpoint.mismatch("pruned tables", "tables that can be", error)
            }
            other => other,
        };
        features.validate().map_err(damaged)?;
        let slot = Slot { width, precision };
        Self::new(ctx, slot, &tables, &features, parts, Precision::F32, spare).map_err(damaged)
    }
}
