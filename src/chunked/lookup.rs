//! What a lookup needs: directories, slots, and the store of chunks.

use std::sync::Arc;

use super::{ChunkedBatch, IdDirectory};
use crate::bag::{Bounds, EmbeddingBags, FeatureSpec, Pooling, Schema};
use crate::device::{Buffer, Context, Matrix, Recorder};
use crate::kernel::Dispatch;
use crate::kernels::chunk_forward::{KERNEL, Params, variant};
use crate::kernels::feature::NONE;
use crate::table::{RowFormat, Shape, Window};
use crate::{Error, Result};

/// What the table of chunks is called in the store.
pub(super) const CHUNKS: &str = "chunks";

/// Tables that are looked up.
#[derive(Debug)]
pub(super) struct Lookup {
    /// A single table with a row for each slot.
    pub(super) store: EmbeddingBags,
    /// Columns of a chunk.
    pub(super) width: u32,
    pub(super) tables: Vec<Table>,
    pub(super) features: Vec<Feature>,
    /// What batches are checked against.
    schema: Arc<Schema>,
}

#[derive(Debug)]
pub(super) struct Table {
    pub(super) name: String,
    pub(super) chunks: u32,
    pub(super) directory: IdDirectory,
    /// For each chunk of each row its slot, or [`NONE`].
    pub(super) slots: Buffer,
}

#[derive(Debug, Clone, PartialEq)]
pub(super) struct Feature {
    pub(super) name: String,
    pub(super) table: usize,
    pub(super) mean: bool,
}

impl Table {
    /// An empty table for `rows` ids, which get rows when they have been seen `least` times.
    pub(super) fn new(ctx: &Context, name: String, chunks: u32, rows: u32, least: u32) -> Result<Self> {
        let directory = IdDirectory::admitting(ctx, rows, least)?;
        let slots = chunk_words(ctx, "embag.chunk_slots", &name, rows, chunks)?;
        slots.write(ctx, 0, &vec![NONE; rows as usize * chunks as usize])?;
        Ok(Self { name, chunks, directory, slots })
    }
}

/// A word for each chunk of a table's rows.
pub(super) fn chunk_words(
    ctx: &Context,
    label: &'static str,
    name: &str,
    rows: u32,
    chunks: u32,
) -> Result<Buffer> {
    let argument = || format!("table \"{name}\" rows");
    let Some(words) = rows.checked_mul(chunks) else {
        return Err(Error::invalid(argument(), "fewer than 2^32 chunks of all its rows", rows));
    };
    let buffer = ctx.allocate(label, u64::from(words) * 4)?;
    buffer.check_bindable(ctx, || format!("the chunks of table \"{name}\""))?;
    Ok(buffer)
}

impl Lookup {
    pub(super) fn new(store: EmbeddingBags, width: u32, tables: Vec<Table>, features: Vec<Feature>) -> Self {
        let spec = |feature: &Feature| FeatureSpec {
            name: feature.name.clone(),
            table: feature.table,
            shape: Shape {
                // whatever is not NONE is a row: a directory gives no others
                rows: NONE,
                dim: tables[feature.table].chunks * width,
                format: RowFormat::F32,
            },
            pooling: if feature.mean { Pooling::Mean } else { Pooling::Sum },
            padding: NONE,
        };
        let schema = Schema {
            features: features.iter().map(spec).collect(),
            bounds: Bounds::Skip,
            pruned: false,
            window_rows: vec![0; tables.len()],
            first_window: vec![0; tables.len()],
            windows: 0,
        };
        Self { store, width, tables, features, schema: Arc::new(schema) }
    }

    pub(super) fn context(&self) -> &Context {
        self.store.context()
    }

    pub(super) fn schema(&self) -> &Arc<Schema> {
        &self.schema
    }

    pub(super) fn output_cols(&self) -> usize {
        self.schema.columns()
    }

    /// Columns of a table.
    pub(super) fn dim(&self, table: usize) -> u32 {
        self.tables[table].chunks * self.width
    }

    /// The number of a table.
    pub(super) fn find_table(&self, name: &str) -> Result<usize> {
        self.tables.iter().position(|table| table.name == name).ok_or_else(|| {
            let names: Vec<&str> = self.tables.iter().map(|table| &*table.name).collect();
            Error::invalid("table", format!("one of {names:?}"), format!("{name:?}"))
        })
    }

    /// The pooled rows of a batch; waits until it is done.
    pub(super) fn forward(&self, batch: &ChunkedBatch) -> Result<Matrix> {
        let out = Matrix::zeros(self.context(), batch.len(), self.output_cols())?;
        let mut rec = Recorder::new(self.context());
        self.record_forward(&mut rec, batch, &out)?;
        rec.run()?;
        Ok(out)
    }

    /// Records the lookup of a batch.
    pub(super) fn record_forward(
        &self,
        rec: &mut Recorder,
        batch: &ChunkedBatch,
        out: &Matrix,
    ) -> Result<()> {
        batch.inner.fits(&self.schema)?;
        out.check_shape("out", batch.len(), self.output_cols())?;
        self.store.same_context(rec, "recorder")?;
        batch.inner.guard(rec);
        if batch.is_empty() {
            return Ok(());
        }
        rec.whole(|rec| {
            let mut column = 0;
            for f in 0..self.features.len() {
                let dim = self.dim(self.features[f].table) as usize;
                self.record_feature(rec, batch, f, &out.columns(column, dim)?)?;
                column += dim;
            }
            Ok(())
        })
    }

    fn record_feature(
        &self,
        rec: &mut Recorder,
        batch: &ChunkedBatch,
        feature: usize,
        out: &Matrix,
    ) -> Result<()> {
        let ctx = rec.context().clone();
        let inner = &batch.inner.inner;
        let Feature { table, mean, .. } = self.features[feature];
        let Table { chunks, ref slots, .. } = self.tables[table];
        let at_once = out.rows_at_once(&ctx);
        for first in (0..batch.len()).step_by(at_once) {
            let rows = at_once.min(batch.len() - first);
            let place = out.row_part(first, rows).place(&ctx, "out")?;
            let (variant, columns) = variant(ctx.shape(), self.width, place.vec4 && place.base % 4 == 0);
            for (w, part) in self.parts() {
                let params = Params {
                    // bags are counted by a `u32`
                    bags: u32::try_from(rows).unwrap_or(u32::MAX),
                    first_bag: u32::try_from(feature * batch.len() + first).unwrap_or(u32::MAX),
                    chunks,
                    width: self.width,
                    mean: u32::from(mean),
                    first_slot: part.first_row,
                    slots: part.rows,
                    base: part.base,
                    initial: u32::from(w == 0),
                    out_base: place.base,
                    out_stride: place.stride,
                };
                let bindings = vec![
                    inner.status.clone(),
                    inner.offsets.clone(),
                    inner.ids_buffer.clone(),
                    slots.clone(),
                    self.store.store().weights(w).clone(),
                    place.binding.clone(),
                ];
                let lanes = chunks * self.width / columns;
                let Some(threads) = params.bags.checked_mul(lanes) else {
                    return Err(Error::invalid("batch", "fewer than 2^32 columns of a feature", rows));
                };
                rec.dispatch(Dispatch::threads(&KERNEL, variant, &params, bindings, threads));
            }
        }
        Ok(())
    }

    /// The store's windows and what of the slots lies in each.
    pub(super) fn parts(&self) -> impl Iterator<Item = (usize, &crate::table::Part)> {
        let windows = self.store.store().plan().windows.iter().enumerate();
        windows.flat_map(|(w, Window { parts, .. })| parts.iter().map(move |part| (w, part)))
    }

    /// The rows of raw ids in a table, from the device.
    pub(super) fn rows_of(&self, table: usize, ids: &[u64]) -> Result<Vec<u32>> {
        let ctx = self.context();
        let ids = Buffer::from_slice(ctx, ids)?;
        let rows = ctx.allocate("embag.rows", ids.size() / 2)?;
        let mut rec = Recorder::new(ctx);
        self.tables[table].directory.record_find(&mut rec, &ids, &rows)?;
        rec.run()?;
        rows.read(ctx)
    }

    /// The slots of a table's chunks, for rows that somebody has had.
    pub(super) fn slots_of(&self, table: usize) -> Result<Vec<u32>> {
        let Table { chunks, directory, slots, .. } = &self.tables[table];
        let words = u64::from(directory.counts()?.had) * u64::from(*chunks);
        slots.part(0, words * 4).read(self.context())
    }
}
