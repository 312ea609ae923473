//! Gradients of rows, and updates from them.

use std::sync::Arc;

use super::batch::Hold;
use super::place::Ids;
use super::{CachedBags, CachedBatch};
use crate::bag::{Gradients, SparseGradient, Target, gradient_tables};
use crate::device::Recorder;
use crate::{Error, Result};

impl CachedBags {
    /// The gradient of the rows that the batch touched, which stay as they are, see
    /// [`EmbeddingBags::sparse_grad`](crate::EmbeddingBags::sparse_grad). Its rows are those of the tables,
    /// wherever they lie.
    ///
    /// # Errors
    /// As [`EmbeddingBags::sparse_grad`](crate::EmbeddingBags::sparse_grad).
    pub fn sparse_grad<'a>(
        &self,
        batch: &CachedBatch,
        grad: impl Into<Gradients<'a>>,
    ) -> Result<Vec<SparseGradient>> {
        let mut rec = Recorder::new(self.context());
        let made = self.record_sparse_grad(&mut rec, batch, grad)?;
        rec.run()?;
        Ok(made)
    }

    /// Records [`CachedBags::sparse_grad`].
    ///
    /// # Errors
    /// As [`CachedBags::sparse_grad`].
    pub fn record_sparse_grad<'a>(
        &self,
        rec: &mut Recorder,
        batch: &CachedBatch,
        grad: impl Into<Gradients<'a>>,
    ) -> Result<Vec<SparseGradient>> {
        rec.whole(|rec| {
            let of_slots = self.device.record_sparse_grad(rec, &batch.inner, grad)?;
            batch.hold_for(rec);
            let renamed = of_slots.iter().map(|gradient| {
                let table = self.whole.tables().find(gradient.table())?;
                // the gradient has the batch's slots in ascending order
                let mut slots = batch.hold.slots[table].clone();
                slots.sort_unstable();
                let row = |&slot: &u32| self.directories[table].content(slot);
                // a batch in use holds its rows
                let rows: Vec<u32> = slots.iter().filter_map(row).collect();
                gradient.record_renamed(rec, Target::of(self.whole.tables(), table), &rows)
            });
            renamed.collect()
        })
    }

    /// Takes one step of the optimizer with the gradients of some tables, at most one for each, see
    /// [`EmbeddingBags::update`](crate::EmbeddingBags::update). Brings the rows that the device lacks into
    /// the cache, as [`CachedBags::place`] does, for which it reads their numbers from the device; waits
    /// until it is done.
    ///
    /// # Errors
    /// As [`EmbeddingBags::update`](crate::EmbeddingBags::update), and [`Error::InvalidArgument`] if the
    /// cache of a table has too few slots for the rows and those of batches in use.
    pub fn update(&mut self, gradients: &[SparseGradient]) -> Result<()> {
        if !self.device.store().trains() {
            return Err(Error::invalid("optimizer", "one, for an update", "none"));
        }
        let tables = gradient_tables(self.context(), self.whole.tables(), gradients)?;
        let mut rows = Vec::new();
        for gradient in gradients {
            rows.push(gradient.to_host_rows()?);
        }
        let mut lists: Vec<Vec<Ids<'_>>> = self.directories.iter().map(|_| Vec::new()).collect();
        for (rows, &table) in rows.iter_mut().zip(&tables) {
            lists[table].push(Ids::all_rows(rows));
        }
        let slots = self.place_ids(lists, "gradients")?;
        let hold = Arc::new(Hold::new(&self.slots, slots));
        let mut rec = Recorder::new(self.context());
        let cache = self.device.store().tables();
        let of_slots = gradients.iter().zip(rows.iter().zip(&tables)).map(|(gradient, (slots, &table))| {
            gradient.record_renamed(&mut rec, Target::of(cache, table), slots)
        });
        let of_slots = of_slots.collect::<Result<Vec<_>>>()?;
        self.device.record_update(&mut rec, &of_slots)?;
        hold.changed_by(&mut rec, self.device.store().trained());
        rec.run()
    }
}
