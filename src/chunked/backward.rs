//! The step of the optimizer, and what chunks earn in it.

use super::room::RowWord;
use super::{ChunkedBatch, ChunkedTables};
use crate::Result;
use crate::bag::{FeatureSpec, Gradient, Gradients, Keyed, Member, Occurrences};
use crate::device::{Dispatch, Reached, Recorder};
use crate::kernels::feature::{NONE, PADDED};
use crate::kernels::{chunk_slots, chunk_terms, chunk_utility};
use crate::sort::sort_by_key;
use crate::update::{CountedRows, KeySums, KeyTerms, Step};

impl ChunkedTables {
    /// Updates every chunk that has a slot with the optimizer, and the utility of all chunks of the rows that
    /// occurred. `grad` is the gradient of the outputs, in one matrix or one for each feature. Waits until it
    /// is done.
    ///
    /// # Errors
    /// As [`ChunkedTables::forward`], and if there is no optimizer, `grad` has another shape, or the part of
    /// it that belongs to one table's features does not fit a binding.
    pub fn backward<'a>(&mut self, batch: &ChunkedBatch, grad: impl Into<Gradients<'a>>) -> Result<()> {
        let mut rec = Recorder::new(self.context());
        self.record_backward(&mut rec, batch, grad)?;
        rec.run()
    }

    /// Records [`ChunkedTables::backward`]. Submit it before rows or chunks move ([`ChunkedTables::admit`]
    /// where rows leave or a table grows, [`ChunkedTables::adjust`], [`ChunkedTables::set_slots`],
    /// [`ChunkedTables::set_budget`], [`ChunkedTables::import`]): what is recorded names rows by their
    /// places, so that the submission is refused afterwards ([`Error::Stale`](crate::Error::Stale)).
    ///
    /// # Errors
    /// As [`ChunkedTables::backward`].
    pub fn record_backward<'a>(
        &mut self,
        rec: &mut Recorder,
        batch: &ChunkedBatch,
        grad: impl Into<Gradients<'a>>,
    ) -> Result<()> {
        self.check_fresh(batch)?;
        let grad = grad.into();
        grad.check(self.lookup.schema(), &batch.inner, "grad")?;
        self.lookup.store.same_context(rec)?;
        rec.whole(|rec| {
            rec.stands_on(&self.ground);
            let steps = self.lookup.store.begin_step(rec, "one, for a backward")?;
            // all tables are rows of one store
            let Some(step) = steps.of(0) else { return Ok(()) };
            batch.inner.guard(rec);
            let gradient = Gradient::new(rec, &batch.inner, grad)?;
            let gradient = self.lookup.spread_maxima(rec, batch, gradient)?;
            for table in 0..self.lookup.tables.len() {
                rec.scope(|rec| self.record_table(rec, batch, table, &gradient, step))?;
            }
            Ok(())
        })
    }

    fn record_table(
        &self,
        rec: &mut Recorder,
        batch: &ChunkedBatch,
        table: usize,
        gradient: &Gradient,
        step: &Step,
    ) -> Result<()> {
        let (chunks, width) = (self.lookup.tables[table].chunks, self.lookup.width);
        let Some(terms) = self.terms(rec, batch, table, gradient)? else { return Ok(()) };
        let len = terms.len;
        let rows = self.lookup.tables[table].directory.room();
        let sums = terms.sums(rec, &batch.inner.inner.status, rows, chunks * width, step.clip_value())?;
        self.record_utility(rec, table, len, &sums, step.number());

        // the chunks of the rows that occurred, in the order of their slots
        let keys = rec.scratch("embag.keys", u64::from(len) * u64::from(chunks) * 4)?;
        let params = chunk_slots::Params { len, chunks };
        let bindings = chunk_slots::Bindings {
            rows: sums.rows,
            total: sums.total,
            slots: self.lookup.tables[table].slots.clone(),
            out: keys.clone(),
        };
        rec.dispatch(Dispatch::threads(0, &params, bindings, len * chunks));
        let sorted = sort_by_key(rec, &keys, len * chunks, self.slot_bits())?;
        let counted = rec.scratch("embag.counted_keys", u64::from(len) * u64::from(chunks) * 8)?;
        let terms = rec.scratch("embag.terms", u64::from(len) * u64::from(chunks) * 8)?;
        let params = chunk_terms::Params { len, chunks, width };
        let bindings = chunk_terms::Bindings {
            sorted: sorted.keys,
            positions: sorted.positions,
            occurrences: sums.occurrences,
            keys: counted.clone(),
            terms: terms.clone(),
        };
        rec.dispatch(Dispatch::threads(0, &params, bindings, len * chunks));
        let rows = CountedRows { len: len * chunks, keys: counted, terms, grad: sums.sums, vec4: true };
        self.lookup.store.update_counted(rec, 0, rows, step)
    }

    /// Keys that sort slots before [`NONE`](crate::kernels::feature::NONE).
    fn slot_bits(&self) -> u32 {
        u32::BITS - self.slots().leading_zeros()
    }

    /// Rows and terms of the ids of all features of a table.
    fn terms(
        &self,
        rec: &mut Recorder,
        batch: &ChunkedBatch,
        table: usize,
        gradient: &Gradient,
    ) -> Result<Option<KeyTerms>> {
        let (mut members, mut len) = (Vec::new(), 0);
        for (feature, range) in batch.ranges().into_iter().enumerate() {
            if self.lookup.feature(feature).table == table && !range.is_empty() {
                members.push(Member { feature, shift: range.start - len, in_use: true });
                len += range.end - range.start;
            }
        }
        if len == 0 {
            return Ok(None);
        }
        let bound = gradient.bind(rec, &members, len)?;
        let none_key = self.lookup.tables[table].directory.room();
        let ids = &batch.inner.inner.ids_buffer;
        let of = Occurrences { ids, members: &members, len, none_key, weighted: true, absent_count: true };
        let keyed = |_: &FeatureSpec| Keyed { rows: PADDED, padding: NONE, key_base: 0 };
        of.record(rec, &batch.inner, bound, keyed).map(Some)
    }

    fn record_utility(&self, rec: &mut Recorder, table: usize, len: u32, sums: &KeySums, step: Reached<u32>) {
        let params = chunk_utility::Params {
            len,
            chunks: self.lookup.tables[table].chunks,
            width: self.lookup.width,
            step: 0,
            exponent: self.settings.utility.exponent(),
            decay: self.settings.utility.decay,
            words: self.settings.words(),
            counting: u32::from(self.settings.when_full.word() == Some(RowWord::Occurrences)),
        };
        let bindings = chunk_utility::Bindings {
            rows: sums.rows.clone(),
            total: sums.total.clone(),
            sums: sums.sums.clone(),
            occurrences: sums.occurrences.clone(),
            utility: self.worth[table].utility.clone(),
            touch: self.worth[table].touch.clone(),
        };
        let params = move || chunk_utility::Params { step: step.get(), ..params };
        let words = [("utility", u64::from(len) * 4), ("touch", u64::from(len) * 4)];
        rec.dispatch_late(0, params, bindings, chunk_utility::KERNEL.groups(0, len), &words);
    }
}
