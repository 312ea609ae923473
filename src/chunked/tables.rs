//! Chunked tables: what they are made of, lookup and update.

use super::{ChunkedBatch, ChunkedTablesBuilder, IdDirectory, Utility};
use crate::bag::{EmbeddingBags, KeyTerms};
use crate::device::{Buffer, Context, Matrix, Recorder};
use crate::kernel::Dispatch;
use crate::kernels::feature::NONE;
use crate::kernels::{chunk_utility, variable_terms};
use crate::{Error, Result};

/// Embedding tables on raw ids, whose rows have as many chunks of columns as they are worth (FIITED, Luo et al. 2024). See
/// [the module](crate::chunked).
#[derive(Debug)]
pub struct ChunkedTables {
    /// A single table with a row for each slot, and a feature for each feature and chunk.
    pub(super) store: EmbeddingBags,
    pub(super) width: u32,
    pub(super) scale: f32,
    pub(super) seed: u32,
    pub(super) tables: Vec<Table>,
    pub(super) features: Vec<Feature>,
    /// For each chunk of each row its slot, or [`NONE`], and its utility.
    pub(super) slots: Buffer,
    pub(super) utility: Buffer,
    /// For each row the step that it was last touched in.
    pub(super) stamps: Buffer,
    /// The stack of free slots.
    pub(super) free: Buffer,
    /// Free slots, and for each table the rows whose chunks were opened.
    pub(super) counts: Buffer,
    pub(super) worth: Utility,
    pub(super) steps: u32,
    /// So far: batches of before one are stale.
    pub(super) adjustments: u32,
}

/// A table.
#[derive(Debug)]
pub(super) struct Table {
    pub(super) name: String,
    pub(super) dim: u32,
    pub(super) chunks: u32,
    /// Of its first row among those of all tables.
    pub(super) first_chunk: u32,
    pub(super) first_row: u32,
    pub(super) directory: IdDirectory,
}

#[derive(Debug)]
pub(super) struct Feature {
    pub(super) name: String,
    pub(super) table: usize,
    pub(super) mean: bool,
}

/// A row as it is now.
#[derive(Debug, Clone, PartialEq)]
pub struct ChunkedRow {
    /// Its values, with zeros where chunks are absent.
    pub values: Vec<f32>,
    /// The slot of each chunk.
    pub slots: Vec<Option<u32>>,
    /// The utility of each chunk as of `stamp`, the step that the row was last touched in.
    pub utility: Vec<f32>,
    /// See `utility`.
    pub stamp: u32,
}

/// Bytes on the device, by what they are for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ChunkedBytes {
    /// Values of the slots.
    pub store: u64,
    /// The optimizer's state.
    pub state: u64,
    /// Virtual ids and rows.
    pub directory: u64,
    /// For each chunk its slot and its utility, and for each row its last step.
    pub chunks: u64,
    /// The stack of free slots.
    pub free: u64,
}

impl ChunkedBytes {
    /// All but the optimizer's state: what takes the place of dense tables.
    #[must_use]
    pub fn instead_of_dense(&self) -> u64 {
        self.store + self.directory + self.chunks + self.free
    }
}

impl ChunkedTables {
    /// Begins the description of tables and features.
    #[must_use]
    pub fn builder(ctx: &Context) -> ChunkedTablesBuilder {
        ChunkedTablesBuilder::new(ctx)
    }

    /// The context.
    #[must_use]
    pub fn context(&self) -> &Context {
        self.store.context()
    }

    /// Columns of the output: of all features side by side.
    #[must_use]
    pub fn output_cols(&self) -> usize {
        self.store.output_cols()
    }

    /// Backwards so far.
    #[must_use]
    pub fn steps(&self) -> u32 {
        self.steps
    }

    /// Bytes on the device.
    #[must_use]
    pub fn bytes(&self) -> ChunkedBytes {
        ChunkedBytes {
            store: self.store.bytes(),
            state: self.store.state_bytes(),
            directory: self.tables.iter().map(|table| table.directory.bytes()).sum(),
            chunks: self.slots.size() + self.utility.size() + self.stamps.size(),
            free: self.free.size() + self.counts.size(),
        }
    }

    /// The directory of a table.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] if there is no such table.
    pub fn directory(&self, table: &str) -> Result<&IdDirectory> {
        Ok(&self.table(table)?.directory)
    }

    /// Slots that no chunk has.
    ///
    /// # Errors
    /// [`Error::Device`] if the device fails.
    pub fn free_slots(&self) -> Result<u32> {
        Ok(self.counts.read::<u32>(self.context())?.first().copied().unwrap_or(0))
    }

    /// The row of a raw id, if it has one.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] if there is no such table, [`Error::Device`] if the device fails.
    pub fn row(&self, table: &str, id: u64) -> Result<Option<ChunkedRow>> {
        let (ctx, table) = (self.context(), self.table(table)?);
        let ids = Buffer::from_slice(ctx, &[id])?;
        let rows = ctx.allocate("embag.row", 4)?;
        let mut rec = Recorder::new(ctx);
        table.directory.record_find(&mut rec, &ids, &rows)?;
        rec.run()?;
        let row = rows.read::<u32>(ctx)?[0];
        if row == NONE {
            return Ok(None);
        }
        let chunks = |of: &Buffer| {
            let first = u64::from(table.first_chunk) + u64::from(row) * u64::from(table.chunks);
            of.part(first * 4, u64::from(table.chunks) * 4)
        };
        let slots = chunks(&self.slots).read::<u32>(ctx)?;
        let mut values = Vec::with_capacity(table.dim as usize);
        for &slot in &slots {
            match slot {
                NONE => values.extend(vec![0.0; self.width as usize]),
                slot => values.extend(self.store.read_row("chunks", slot.into())?),
            }
        }
        Ok(Some(ChunkedRow {
            values,
            slots: slots.into_iter().map(|slot| (slot != NONE).then_some(slot)).collect(),
            utility: chunks(&self.utility).read(ctx)?,
            stamp: self.stamps.part(u64::from(table.first_row + row) * 4, 4).read::<u32>(ctx)?[0],
        }))
    }

    /// The pooled vectors of all features side by side, `[batch, sum of dims]`: chunks that are absent are zeros. Waits
    /// until it is done.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] if the batch is of other tables or older than the last adjustment.
    pub fn forward(&self, batch: &ChunkedBatch) -> Result<Matrix> {
        let out = Matrix::zeros(self.context(), batch.len(), self.output_cols())?;
        let mut rec = Recorder::new(self.context());
        self.record_forward(&mut rec, batch, &out)?;
        rec.run()?;
        Ok(out)
    }

    /// Records [`ChunkedTables::forward`].
    ///
    /// # Errors
    /// As [`ChunkedTables::forward`], and if `out` has another shape.
    pub fn record_forward(&self, rec: &mut Recorder, batch: &ChunkedBatch, out: &Matrix) -> Result<()> {
        self.check_fresh(batch)?;
        self.store.record_forward(rec, &batch.inner, out)
    }

    /// Updates every chunk that has a slot with the optimizer, and the utility of all chunks of the rows that occurred.
    /// `grad` is the gradient of [`ChunkedTables::forward`]'s output. Waits until it is done.
    ///
    /// # Errors
    /// As [`ChunkedTables::forward`], and if there is no optimizer or `grad` has another shape or does not fit a binding.
    pub fn backward(&mut self, batch: &ChunkedBatch, grad: &Matrix) -> Result<()> {
        let mut rec = Recorder::new(self.context());
        self.record_backward(&mut rec, batch, grad)?;
        rec.run()
    }

    /// Records [`ChunkedTables::backward`].
    ///
    /// # Errors
    /// As [`ChunkedTables::backward`].
    pub fn record_backward(&mut self, rec: &mut Recorder, batch: &ChunkedBatch, grad: &Matrix) -> Result<()> {
        self.check_fresh(batch)?;
        grad.check_shape("grad", batch.len(), self.output_cols())?;
        let step = self.steps.saturating_add(1);
        rec.whole(|rec| {
            // the rows must be as the forward saw them for neither: the gradient of a sum needs no rows
            let mut column = 0;
            for f in 0..self.features.len() {
                let dim = self.tables[self.features[f].table].dim as usize;
                let own = grad.columns(column, dim)?;
                column += dim;
                rec.scope(|rec| self.record_utility(rec, batch, f, &own, step))?;
            }
            self.store.record_backward(rec, &batch.inner, grad)
        })?;
        self.steps = step;
        Ok(())
    }

    fn record_utility(
        &self,
        rec: &mut Recorder,
        batch: &ChunkedBatch,
        feature: usize,
        grad: &Matrix,
        step: u32,
    ) -> Result<()> {
        let (spec, of) = (&self.features[feature], &batch.features[feature]);
        let (table, len) = (&self.tables[spec.table], of.len);
        if len == 0 {
            return Ok(());
        }
        let place = grad.place(rec.context(), "grad")?;
        let terms = rec.scratch("embag.terms", u64::from(len) * 8)?;
        let params = variable_terms::Params {
            len,
            place: variable_terms::BY_BAG,
            bags: batch.batch,
            mean: u32::from(spec.mean),
            base: place.base,
            stride: place.stride,
        };
        let bindings = vec![of.offsets.clone(), terms.clone()];
        rec.dispatch(Dispatch::threads(&variable_terms::KERNEL, 0, &params, bindings, len));
        let keys = of.rows.clone();
        let terms = KeyTerms { len, keys, terms, grad: place.binding, vec4: place.vec4 };
        let sums = terms.sums(rec, table.directory.capacity(), table.dim)?;
        let params = chunk_utility::Params {
            len,
            chunks: table.chunks,
            width: self.width,
            first_chunk: table.first_chunk,
            first_row: table.first_row,
            step,
            exponent: self.worth.exponent(),
            decay: self.worth.decay,
        };
        let bindings = vec![
            sums.rows,
            sums.total,
            sums.sums,
            sums.occurrences,
            self.utility.clone(),
            self.stamps.clone(),
        ];
        rec.dispatch(Dispatch::threads(&chunk_utility::KERNEL, 0, &params, bindings, len));
        Ok(())
    }

    pub(super) fn table(&self, name: &str) -> Result<&Table> {
        let found = self.tables.iter().find(|table| table.name == name);
        found.ok_or_else(|| Error::invalid("table", "the name of a table", format!("\"{name}\"")))
    }

    fn check_fresh(&self, batch: &ChunkedBatch) -> Result<()> {
        if batch.adjustments != self.adjustments {
            let expected = "one looked up after the last adjustment";
            return Err(Error::invalid("batch", expected, "one from before it"));
        }
        Ok(())
    }
}
