//! The gradient of per-sample weights.

use std::ops::Range;
use std::sync::Arc;

use super::gradient::Gradient;
use super::section::Section;
use super::{EmbeddingBags, Gradients, JaggedBatch, Pooling, Schema};
use crate::device::{Buffer, Dispatch, Recorder};
use crate::kernels::weight_grad;
use crate::table::{Noise, RowFormat};
use crate::update::{KeyTerms, Parts};
use crate::{Error, Result};

impl EmbeddingBags {
    /// The gradient with respect to the per-sample weights (as if all were given): one value for each id, 0
    /// for ids that stand for no row. Uses the rows as they are, so it comes before the backward. Waits until
    /// it is done.
    ///
    /// # Errors
    /// As [`EmbeddingBags::backward`], but no optimizer is needed.
    pub fn weight_grad<'a>(&self, batch: &JaggedBatch, grad: impl Into<Gradients<'a>>) -> Result<Buffer> {
        let out = self.context().allocate("embag.weight_grad", batch.ids() as u64 * 4)?;
        let mut rec = Recorder::new(self.context());
        self.record_weight_grad(&mut rec, batch, grad, &out)?;
        rec.run()?;
        Ok(out)
    }

    /// Records [`EmbeddingBags::weight_grad`].
    ///
    /// # Errors
    /// As [`EmbeddingBags::weight_grad`], and if `out` does not hold one `f32` for each id.
    pub fn record_weight_grad<'a>(
        &self,
        rec: &mut Recorder,
        batch: &JaggedBatch,
        grad: impl Into<Gradients<'a>>,
        out: &Buffer,
    ) -> Result<()> {
        let grad = grad.into();
        check(&self.schema, batch, &grad, out)?;
        self.store.same_context(rec)?;
        batch.guard(rec);
        if batch.ids() == 0 {
            return Ok(());
        }
        rec.whole(|rec| {
            let gradient = Gradient::new(rec, batch, grad)?;
            self.weight_grad_sections(rec, batch, &gradient, out)
        })
    }

    fn weight_grad_sections(
        &self,
        rec: &mut Recorder,
        batch: &JaggedBatch,
        gradient: &Gradient,
        out: &Buffer,
    ) -> Result<()> {
        let plan = self.store.tables().plan();
        let mut first = true;
        for group in &plan.groups {
            let whole = Section::whole(plan, group, &batch.inner);
            let sections = if gradient.fits {
                vec![whole]
            } else {
                let in_use = whole.members.iter().filter(|member| member.in_use);
                in_use.map(|member| whole.clone().single(member.feature)).collect()
            };
            for section in sections {
                rec.scope(|rec| self.weight_grad_section(rec, batch, gradient, &section, first, out))?;
                first = false;
            }
        }
        Ok(())
    }

    /// Writes what belongs to ids of the section; if it is the first, also the zeros of ids without a row.
    /// Ids of other sections look like these, and get their values later.
    fn weight_grad_section(
        &self,
        rec: &mut Recorder,
        batch: &JaggedBatch,
        gradient: &Gradient,
        section: &Section,
        first: bool,
        out: &Buffer,
    ) -> Result<()> {
        let bound = gradient.bind(rec, &section.members, section.ids)?;
        let found = self.occurrences(rec, batch, bound, section, false)?;
        let plan = self.store.tables().plan();
        for w in section.span.windows.clone() {
            let window = &plan.windows[w];
            let parts = Parts::new(rec, &section.span.parts(plan, w..w + 1, |_| Noise::default()))?;
            let zeros = first && w == section.span.windows.start;
            let of = WeightGrad {
                len: batch.inner.ids,
                parts,
                keys: window.keys(),
                zero_key: if zeros { section.span.none_key() } else { u32::MAX },
                format: window.format,
                vec4: window.vec4,
                rows: self.store.tables().weights(w),
                row_bytes: window.bytes_of_rows(1),
            };
            of.record(rec, &found, out);
        }
        Ok(())
    }
}

/// Refuses what has no gradient of weights, or none in `out`.
pub(crate) fn check(
    schema: &Arc<Schema>,
    batch: &JaggedBatch,
    grad: &Gradients<'_>,
    out: &Buffer,
) -> Result<()> {
    grad.check(schema, batch, "grad")?;
    let mut specs = batch.inner.features().map(|feature| &schema.features[feature]);
    if let Some(spec) = specs.find(|spec| spec.pooling == Pooling::Max) {
        let argument = format!("feature \"{}\"", spec.name);
        return Err(Error::invalid(argument, "a sum or mean, for a gradient of weights", "a maximum"));
    }
    if out.size() != batch.ids() as u64 * 4 {
        let expected = format!("{} values, one for each id", batch.ids());
        return Err(Error::invalid("out", expected, out.size() / 4));
    }
    Ok(())
}

/// Rows in one buffer, whose ids' weights get their gradient.
pub(crate) struct WeightGrad<'a> {
    /// Ids of the batch.
    pub(crate) len: u32,
    pub(crate) parts: Parts,
    /// The keys of the rows.
    pub(crate) keys: Range<u32>,
    /// The key of ids whose weights get zeros.
    pub(crate) zero_key: u32,
    pub(crate) format: RowFormat,
    /// Whether rows may be read four columns at a time.
    pub(crate) vec4: bool,
    pub(crate) rows: &'a Buffer,
    /// Of one row, at most.
    pub(crate) row_bytes: u64,
}

impl WeightGrad<'_> {
    /// Records the gradient of the ids whose keys are these rows'.
    pub(crate) fn record(self, rec: &mut Recorder, found: &KeyTerms, out: &Buffer) {
        let Self { len, parts, keys, zero_key, format, vec4, rows, row_bytes } = self;
        let shape = rec.context().shape();
        let params = weight_grad::Params {
            len,
            parts: parts.count,
            key_begin: keys.start,
            key_end: keys.end,
            lanes: parts.lanes,
            zero_key,
            rows_type: format.code(),
        };
        let bindings = weight_grad::Bindings {
            parts: parts.buffer,
            keys: found.keys.clone(),
            terms: found.terms.clone(),
            grad: found.grad.clone(),
            rows: rows.clone(),
            out: out.clone(),
        };
        let variant = weight_grad::variant(vec4 && found.vec4, format != RowFormat::F32, shape);
        let groups = weight_grad::groups(shape, len, params.lanes);
        let dispatch = Dispatch::new(variant, &params, bindings, groups);
        rec.dispatch(dispatch.touching("rows", row_bytes * u64::from(len)));
    }
}
