//! The optimizer's step from sparse gradients.

use std::ops::Range;

use super::sparse_gradient::Target;
use super::{SparseGradient, guard};
use crate::bag::EmbeddingBags;
use crate::device::{Buffer, Context, Dispatch, Recorder};
use crate::kernels::row_terms;
use crate::numbers::narrow;
use crate::table::TableStore;
use crate::update::{CountedRows, Step};
use crate::{Error, Result};

impl EmbeddingBags {
    /// Takes one step of the optimizer with the gradients of some tables, at most one for each: every row of
    /// them is updated once. Waits until it is done.
    ///
    /// With what [`EmbeddingBags::sparse_grad`] made of a batch, rows and state become what
    /// [`EmbeddingBags::backward`] would have made of them. Of the [`UpdateRules`](crate::optim::UpdateRules)
    /// all hold but `clip_value`, which is for the terms that the gradients are sums of. Without gradients it
    /// is a step too, as the backward of an empty batch is.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] if there is no optimizer, a gradient is of a table that these bags do not
    /// have in this shape, or two are of one table ([`SparseGradient::sum`] adds them up); the gradients' own
    /// errors if their rows or the batch that they were made of are bad.
    pub fn update(&mut self, gradients: &[SparseGradient]) -> Result<()> {
        let mut rec = Recorder::new(self.context());
        self.record_update(&mut rec, gradients)?;
        rec.run()
    }

    /// Records [`EmbeddingBags::update`].
    ///
    /// # Errors
    /// As [`EmbeddingBags::update`].
    pub fn record_update(&mut self, rec: &mut Recorder, gradients: &[SparseGradient]) -> Result<()> {
        if !self.store.trains() {
            return Err(Error::invalid("optimizer", "one, for an update", "none"));
        }
        self.store.same_context(rec)?;
        let tables = gradient_tables(rec.context(), self.store.tables(), gradients)?;
        rec.whole(|rec| {
            let steps = self.store.begin_step(rec, "one, for an update")?;
            guard::record(rec, gradients);
            rec.scope(|rec| {
                let status = guard::status(rec, &guard::joined(gradients))?;
                for (gradient, &table) in gradients.iter().zip(&tables) {
                    let window = self.store.tables().plan().first_window[table];
                    if let Some(step) = steps.of(self.store.tables().plan().class_of(window)) {
                        self.update_table(rec, gradient, table, &status, step)?;
                    }
                }
                Ok(())
            })
        })
    }

    fn update_table(
        &self,
        rec: &mut Recorder,
        gradient: &SparseGradient,
        table: usize,
        status: &Buffer,
        step: &Step,
    ) -> Result<()> {
        // keys with their counts, and terms, must fit a binding as the values must
        let most = rec.context().limits().binding / 8;
        let at_once =
            gradient.values.rows_at_once(rec.context()).min(usize::try_from(most).unwrap_or(usize::MAX));
        for first in (0..gradient.capacity()).step_by(at_once) {
            let rows = at_once.min(gradient.capacity() - first);
            rec.scope(|rec| self.update_part(rec, gradient, first..first + rows, table, status, step))?;
        }
        Ok(())
    }

    /// Updates some of the rows, whose gradients fit one binding.
    fn update_part(
        &self,
        rec: &mut Recorder,
        gradient: &SparseGradient,
        rows: Range<usize>,
        table: usize,
        status: &Buffer,
        step: &Step,
    ) -> Result<()> {
        let place = gradient.values.row_part(rows.start, rows.len()).place(rec.context(), "values")?;
        let (len, first) = (narrow(rows.len()), narrow(rows.start));
        let keys = rec.scratch("embag.keys", u64::from(len) * 8)?;
        let terms = rec.scratch("embag.terms", u64::from(len) * 8)?;
        let params = row_terms::Params { len, first, base: place.base, stride: place.stride };
        let bindings = row_terms::Bindings {
            status: status.clone(),
            rows: gradient.rows.clone(),
            counts: gradient.counts.clone(),
            keys: keys.clone(),
            terms: terms.clone(),
        };
        rec.dispatch(Dispatch::threads(0, &params, bindings, len));
        let rows = CountedRows { len, keys, terms, grad: place.binding, vec4: place.vec4 };
        self.store.update_counted(rec, table, rows, step)
    }
}

/// The table of each gradient: no two are of one, and all have their table's shape.
pub(crate) fn gradient_tables(
    ctx: &Context,
    store: &TableStore,
    gradients: &[SparseGradient],
) -> Result<Vec<usize>> {
    let mut tables = Vec::with_capacity(gradients.len());
    for gradient in gradients {
        gradient.check_home(ctx)?;
        let table = store.find(&gradient.table.name)?;
        let expected = Target::of(store, table);
        if gradient.table != expected {
            let shape = |of: &Target| format!("{} rows x {}", of.rows, of.dim);
            let argument = format!("gradient of table \"{}\"", expected.name);
            return Err(Error::invalid(argument, shape(&expected), shape(&gradient.table)));
        }
        if tables.contains(&table) {
            let argument = format!("gradients of table \"{}\"", expected.name);
            let expected = "one (SparseGradient::sum makes one of several)";
            return Err(Error::invalid(argument, expected, "two"));
        }
        tables.push(table);
    }
    Ok(tables)
}
