//! Values into the store: added, assigned, or as gradients of an optimizer's step.

use super::gather::{parts, threads};
use super::{RowValues, VariableBatch, VariableRows};
use crate::device::{Dispatch, Recorder};
use crate::kernels::variable_assign::{Bindings, Params};
use crate::update::SortedTerms;
use crate::{Error, Result};

impl VariableRows {
    /// Updates every row of the batch, once, with the optimizer; `grad` is the gradient of what was gathered.
    /// Waits until it is done.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] if there is no optimizer, the batch is of other rows or `grad` does not fit
    /// it, [`Error::LimitExceeded`] or [`Error::Device`] if the device cannot do it.
    pub fn update(&mut self, batch: &VariableBatch, grad: &RowValues) -> Result<()> {
        let mut rec = Recorder::new(self.context());
        self.record_update(&mut rec, batch, grad)?;
        rec.run()
    }

    /// Records [`VariableRows::update`].
    ///
    /// # Errors
    /// As [`VariableRows::update`].
    pub fn record_update(
        &mut self,
        rec: &mut Recorder,
        batch: &VariableBatch,
        grad: &RowValues,
    ) -> Result<()> {
        self.check(rec, batch)?;
        rec.whole(|rec| {
            let terms = self.terms(rec, batch, "grad", grad)?;
            self.store.step_by_key(rec, terms)
        })
    }

    /// Adds values to the rows of the batch, those of a row that is there several times in order: the bits of
    /// a row depend on its own values alone. Waits until it is done.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] if the batch is of other rows or `values` do not fit it,
    /// [`Error::LimitExceeded`] or [`Error::Device`] if the device cannot do it.
    pub fn scatter_add(&mut self, batch: &VariableBatch, values: &RowValues) -> Result<()> {
        let mut rec = Recorder::new(self.context());
        self.record_scatter_add(&mut rec, batch, values)?;
        rec.run()
    }

    /// Records [`VariableRows::scatter_add`].
    ///
    /// # Errors
    /// As [`VariableRows::scatter_add`].
    pub fn record_scatter_add(
        &mut self,
        rec: &mut Recorder,
        batch: &VariableBatch,
        values: &RowValues,
    ) -> Result<()> {
        self.check(rec, batch)?;
        if batch.is_empty() {
            return Ok(());
        }
        rec.whole(|rec| {
            let terms = self.terms(rec, batch, "values", values)?;
            self.store.add_by_key(rec, terms)
        })
    }

    /// Gives the rows of the batch new values; of a row that is there several times the last ones count.
    /// Waits until it is done.
    ///
    /// # Errors
    /// As [`VariableRows::scatter_add`], and if `values` are pooled.
    pub fn scatter_assign(&mut self, batch: &VariableBatch, values: &RowValues) -> Result<()> {
        let mut rec = Recorder::new(self.context());
        self.record_scatter_assign(&mut rec, batch, values)?;
        rec.run()
    }

    /// Records [`VariableRows::scatter_assign`].
    ///
    /// # Errors
    /// As [`VariableRows::scatter_assign`].
    pub fn record_scatter_assign(
        &mut self,
        rec: &mut Recorder,
        batch: &VariableBatch,
        values: &RowValues,
    ) -> Result<()> {
        self.check(rec, batch)?;
        self.check_f32()?;
        if matches!(values, RowValues::Pooled(..)) {
            return Err(Error::invalid("values", "jagged or padded ones", "pooled ones"));
        }
        if batch.is_empty() {
            return Ok(());
        }
        rec.whole(|rec| {
            rec.scope(|rec| {
                let terms = self.terms(rec, batch, "values", values)?;
                let (source, values_vec4) = (terms.grad.clone(), terms.vec4);
                let SortedTerms { keys, terms, .. } = self.store.sorted_by_key(rec, terms)?;
                for (w, window) in self.store.tables().plan().windows.iter().enumerate() {
                    let vec4 = values_vec4 && window.vec4;
                    let variant = usize::from(!vec4);
                    let parts = parts(rec, window)?;
                    let params = Params {
                        len: batch.inner.inner.ids,
                        parts: parts.1,
                        key_begin: window.keys().start,
                        key_end: window.keys().end,
                        lanes: rec.context().lanes(self.layout.widest() / if vec4 { 4 } else { 1 }),
                    };
                    let weights = self.store.tables().weights(w).clone();
                    let bindings = Bindings {
                        parts: parts.0,
                        keys: keys.clone(),
                        terms: terms.clone(),
                        values: source.clone(),
                        rows: weights,
                    };
                    let threads = threads(params.len, params.lanes)?;
                    let dispatch = Dispatch::threads(variant, &params, bindings, threads);
                    rec.dispatch(dispatch.touching("rows", window.bytes_of_rows(params.len)));
                }
                Ok(())
            })
        })
    }

    fn check(&self, rec: &mut Recorder, batch: &VariableBatch) -> Result<()> {
        self.same_context(rec)?;
        self.check_batch(batch)?;
        batch.inner.guard(rec);
        Ok(())
    }
}
