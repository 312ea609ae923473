//! Fused backward: the gradient of the output to updated rows, exact and deterministic.
//!
//! Each id becomes a key (its row) and a term (where its gradient lies, and by what it is multiplied). Sorted
//! by key, the terms of a row lie together; one writer sums them in a fixed order and applies the optimizer.

use super::gradient::{Bound, Gradient};
use super::occurrences::{Keyed, Occurrences};
use super::section::Section;
use super::{EmbeddingBags, Gradients, JaggedBatch};
use crate::Result;
use crate::device::Recorder;
use crate::update::{KeyTerms, SortedTerms, Step};

impl EmbeddingBags {
    /// Updates every row that the batch touched, once, with the optimizer. `grad` is the gradient of the
    /// outputs, in one matrix or one for each feature; those of 16 bits are widened first, and those that no
    /// single binding holds are copied together. Waits until it is done.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`](crate::Error::InvalidArgument) if there is no optimizer or `grad` has not
    /// the outputs' shape, [`Error::LimitExceeded`](crate::Error::LimitExceeded) if the part of `grad` that
    /// belongs to one table's features is larger than a binding (for device batches without counts: all of
    /// it); the batch's own errors if it is a bad device batch.
    pub fn backward<'a>(&mut self, batch: &JaggedBatch, grad: impl Into<Gradients<'a>>) -> Result<()> {
        let mut rec = Recorder::new(self.context());
        self.record_backward(&mut rec, batch, grad)?;
        rec.run()
    }

    /// Records [`EmbeddingBags::backward`].
    ///
    /// # Scratch memory
    /// At most 1.5 (36 N + N (D + 3) / 8 + G + H) bytes, and 1.5 * 4 I D for each feature that is a maximum:
    /// - N: ids that are sorted together. Where the host knows how many ids each feature has, that is those
    ///   of one table, or of several with together no more than a binding of terms holds (49,152 for two
    ///   threads on the CPU: 24 Ki for each thread; 65,536 on software adapters). For device batches without
    ///   counts: all ids.
    /// - D: the widest dim of these tables.
    /// - G: bytes of their features' gradients, if they have to be copied: where no binding holds them, or on
    ///   the CPU where many ids read rows with gaps between them.
    /// - H: counters of the sort and descriptions of tables and features, N + 256 KiB.
    /// - I: ids of the feature, or its bags if there are more of them.
    ///
    /// 1.5 is what sizes are rounded up by, so that scratch memory fits the next batch too
    /// ([`Context::scratch_bytes`](crate::Context::scratch_bytes) gives the sum).
    ///
    /// # Errors
    /// As [`EmbeddingBags::backward`].
    pub fn record_backward<'a>(
        &mut self,
        rec: &mut Recorder,
        batch: &JaggedBatch,
        grad: impl Into<Gradients<'a>>,
    ) -> Result<()> {
        let grad = grad.into();
        grad.check(&self.schema, batch, "grad")?;
        rec.whole(|rec| self.backward_sections(rec, batch, grad))
    }

    fn backward_sections(&self, rec: &mut Recorder, batch: &JaggedBatch, grad: Gradients<'_>) -> Result<()> {
        self.store.same_context(rec)?;
        let steps = self.store.begin_step(rec, "one, for a backward")?;
        batch.guard(rec);
        let gradient = Gradient::new(rec, batch, grad)?;
        let gradient = &self.spread_maxima(rec, batch, gradient)?;
        let plan = self.store.tables().plan();
        for section in Section::all(plan, &batch.inner, gradient) {
            if let Some(step) = steps.of(plan.class_of(section.span.windows.start)) {
                rec.scope(|rec| self.update_section(rec, batch, gradient, &section, step))?;
            }
        }
        Ok(())
    }

    fn update_section(
        &self,
        rec: &mut Recorder,
        batch: &JaggedBatch,
        gradient: &Gradient,
        section: &Section,
        step: &Step,
    ) -> Result<()> {
        let sorted = self.sorted_terms(rec, batch, gradient, section)?;
        self.store.update_sorted(rec, &section.span, &sorted, step, |w| batch.misses(w))
    }

    /// The terms of a section's ids in the order of their keys.
    pub(super) fn sorted_terms(
        &self,
        rec: &mut Recorder,
        batch: &JaggedBatch,
        gradient: &Gradient,
        section: &Section,
    ) -> Result<SortedTerms> {
        let bound = gradient.bind(rec, &section.members, section.ids)?;
        self.occurrences(rec, batch, bound, section, true)?.sorted(rec, section.span.none_key())
    }

    /// Keys and terms of a section's ids.
    pub(super) fn occurrences(
        &self,
        rec: &mut Recorder,
        batch: &JaggedBatch,
        bound: Bound,
        section: &Section,
        weighted: bool,
    ) -> Result<KeyTerms> {
        let plan = self.store.tables().plan();
        let found = Occurrences {
            ids: &batch.inner.ids_buffer,
            members: &section.members,
            len: section.ids,
            none_key: section.span.none_key(),
            weighted,
            absent_count: false,
        };
        found.record(rec, batch, bound, |spec| Keyed {
            rows: spec.shape.rows,
            padding: spec.padding,
            key_base: section.span.key(plan.first_key[spec.table]),
        })
    }
}
