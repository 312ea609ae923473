//! The gradient of per-sample weights.

use super::gathered::Gathered;
use super::lookup::Lookup;
use super::{ChunkedBatch, ChunkedTables};
use crate::Result;
use crate::bag::{Gradient, Gradients, Keyed, Member, Occurrences, WeightGrad, check_weight_grad};
use crate::device::{Buffer, Recorder};
use crate::kernels::feature::NONE;
use crate::table::RowFormat;
use crate::update::Parts;

impl ChunkedTables {
    /// The gradient with respect to the per-sample weights (as if all were given): one value for each id, 0
    /// for ids without a row. Uses the rows as they are, so it comes before the backward. Waits until it is
    /// done.
    ///
    /// # Errors
    /// As [`ChunkedTables::backward`], but no optimizer is needed; no feature of the batch is a maximum.
    pub fn weight_grad<'a>(&self, batch: &ChunkedBatch, grad: impl Into<Gradients<'a>>) -> Result<Buffer> {
        let out = self.context().allocate("embag.weight_grad", batch.ids() as u64 * 4)?;
        let mut rec = Recorder::new(self.context());
        self.record_weight_grad(&mut rec, batch, grad, &out)?;
        rec.run()?;
        Ok(out)
    }

    /// Records [`ChunkedTables::weight_grad`]. The rows are gathered first, for as many features at a time as
    /// a binding holds.
    ///
    /// # Errors
    /// As [`ChunkedTables::weight_grad`], and if `out` does not hold one `f32` for each id, or a feature's
    /// rows, one for each id, do not fit a binding.
    pub fn record_weight_grad<'a>(
        &self,
        rec: &mut Recorder,
        batch: &ChunkedBatch,
        grad: impl Into<Gradients<'a>>,
        out: &Buffer,
    ) -> Result<()> {
        self.check_fresh(batch)?;
        let grad = grad.into();
        check_weight_grad(self.lookup.schema(), &batch.inner, &grad, out)?;
        self.lookup.store.same_context(rec)?;
        batch.inner.guard(rec);
        if batch.ids() == 0 {
            return Ok(());
        }
        rec.whole(|rec| {
            rec.stands_on(&self.ground);
            let gradient = Gradient::new(rec, &batch.inner, grad)?;
            let sections = self.lookup.sections(rec, batch, &gradient);
            for (number, section) in sections.iter().enumerate() {
                rec.scope(|rec| {
                    self.lookup.weight_grad_section(rec, batch, &gradient, section, number == 0, out)
                })?;
            }
            Ok(())
        })
    }
}

impl Lookup {
    /// The features of a batch, as many together as their rows, one for each id, fit a binding.
    fn sections(&self, rec: &Recorder, batch: &ChunkedBatch, gradient: &Gradient) -> Vec<Vec<usize>> {
        let limit = rec.context().limits().binding;
        let mut sections = vec![Vec::new()];
        let mut bytes = 0;
        for feature in batch.inner.inner.features() {
            let more = self.gathered_bytes(batch, feature);
            let last = sections.len() - 1;
            if !sections[last].is_empty() && (bytes + more > limit || !gradient.fits) {
                sections.push(Vec::new());
                bytes = 0;
            }
            let last = sections.len() - 1;
            sections[last].push(feature);
            bytes += more;
        }
        sections
    }

    /// Writes what belongs to ids of these features; if they are the first, also the zeros of padding ids.
    /// Ids of other features look like these, and get their values later.
    fn weight_grad_section(
        &self,
        rec: &mut Recorder,
        batch: &ChunkedBatch,
        gradient: &Gradient,
        section: &[usize],
        first: bool,
        out: &Buffer,
    ) -> Result<()> {
        let Gathered { positions, rows, parts } = self.gather(rec, batch, section)?;
        let len = batch.inner.inner.ids;
        let member = |feature| Member { feature, shift: 0, in_use: section.contains(&feature) };
        let members: Vec<Member> = self.schema().all().map(member).collect();
        let bound = gradient.bind(rec, &members, len)?;
        let of = Occurrences {
            ids: &positions,
            members: &members,
            len,
            none_key: len,
            weighted: false,
            // ids without a row have a position too
            absent_count: false,
        };
        // a batch that is refused has keys of `len` + 1
        let found =
            of.record(rec, &batch.inner, bound, |_| Keyed { rows: NONE, padding: NONE, key_base: 0 })?;
        let vec4 = parts.iter().all(|part| part.base % 4 == 0);
        let parts: Vec<_> = parts.into_iter().filter(|part| part.rows > 0).collect();
        if parts.is_empty() && !first {
            return Ok(());
        }
        let parts = Parts::new(rec, &parts)?;
        let zero_key = if first { len } else { u32::MAX };
        let of = WeightGrad {
            len,
            parts,
            keys: 0..len,
            zero_key,
            format: RowFormat::F32,
            vec4,
            rows: &rows,
            row_bytes: rows.size().div_ceil(u64::from(len.max(1))),
        };
        of.record(rec, &found, out);
        Ok(())
    }
}
