//! The gradient of the output to gradients of rows.

use super::SparseGradient;
use super::guard::Guard;
use super::sparse_gradient::Target;
use crate::bag::gradient::Gradient;
use crate::bag::section::Section;
use crate::bag::{EmbeddingBags, Gradients, JaggedBatch};
use crate::device::{Buffer, Dispatch, Recorder};
use crate::kernels::part::lanes_for;
use crate::kernels::segment_gradient;
use crate::numbers::narrow;
use crate::sort::SortedKeys;
use crate::update::{Partials, SortedTerms, row_loops, shape_within, too_many};
use crate::{Error, Result};

impl EmbeddingBags {
    /// The gradient of the rows that the batch touched, which stay as they are: one [`SparseGradient`] for
    /// each table that has a feature, in the order of the tables, empty for a table without ids. `grad` is
    /// the gradient of the outputs, as for [`EmbeddingBags::backward`]. Waits until it is done.
    ///
    /// The sums are those of [`EmbeddingBags::backward`], made of the same terms in the same order: the same
    /// bits on devices that round every operation by itself.
    /// [`UpdateRules::clip_value`](crate::optim::UpdateRules::clip_value) holds here, all other rules where
    /// the gradients are used, and no optimizer is needed. Each gradient takes memory for as many rows as its
    /// table's features have ids; device batches without counts count all ids for each table.
    ///
    /// # Errors
    /// As [`EmbeddingBags::backward`], but no optimizer is needed; [`Error::LimitExceeded`] or
    /// [`Error::Device`] if the memory cannot be had.
    pub fn sparse_grad<'a>(
        &self,
        batch: &JaggedBatch,
        grad: impl Into<Gradients<'a>>,
    ) -> Result<Vec<SparseGradient>> {
        let mut rec = Recorder::new(self.context());
        let made = self.record_sparse_grad(&mut rec, batch, grad)?;
        finished(rec, made)
    }

    /// Records [`EmbeddingBags::sparse_grad`]; the gradients have room for as many rows as there could be.
    ///
    /// # Errors
    /// As [`EmbeddingBags::sparse_grad`].
    pub fn record_sparse_grad<'a>(
        &self,
        rec: &mut Recorder,
        batch: &JaggedBatch,
        grad: impl Into<Gradients<'a>>,
    ) -> Result<Vec<SparseGradient>> {
        let grad = grad.into();
        grad.check(&self.schema, batch, "grad")?;
        rec.whole(|rec| {
            let gradient = Gradient::new(rec, batch, grad)?;
            let gradient = self.spread_maxima(rec, batch, gradient)?;
            self.sparse_sections(rec, batch, &gradient)
        })
    }

    fn sparse_sections(
        &self,
        rec: &mut Recorder,
        batch: &JaggedBatch,
        gradient: &Gradient,
    ) -> Result<Vec<SparseGradient>> {
        self.store.same_context(rec)?;
        batch.guard(rec);
        let mut tables: Vec<usize> = self.schema.features.iter().map(|spec| spec.table).collect();
        tables.sort_unstable();
        tables.dedup();
        let mut made = Vec::with_capacity(tables.len());
        for &table in &tables {
            let target = self.target(table);
            let room = self.ids_of_table(batch, table).min(target.rows);
            made.push(SparseGradient::new(rec.context(), target, room, Guard::of_batch(batch))?);
        }
        for section in Section::all(self.store.tables().plan(), &batch.inner, gradient) {
            let of_section = |table: usize| {
                section.members.iter().any(|m| m.in_use && self.schema.features[m.feature].table == table)
            };
            rec.scope(|rec| {
                let sorted = self.sorted_terms(rec, batch, gradient, &section)?;
                let class = self.store.tables().plan().class_of(section.span.windows.start);
                let clip_value = self.store.class_by_number(class).clip_value();
                let partials = self.store.partials(rec, &section.span, &sorted, 0, clip_value)?;
                let terms = SectionTerms { section: &section, status: &batch.inner.status, sorted, partials };
                for (&table, out) in tables.iter().zip(&made) {
                    if of_section(table) && out.capacity() > 0 {
                        rec.scope(|rec| self.sum_rows(rec, &terms, table, out))?;
                    }
                }
                Ok::<(), Error>(())
            })?;
        }
        Ok(made)
    }

    pub(super) fn target(&self, table: usize) -> Target {
        Target::of(self.store.tables(), table)
    }

    /// Ids of a table's features, or no fewer than there are.
    fn ids_of_table(&self, batch: &JaggedBatch, table: usize) -> u32 {
        match &batch.inner.counts {
            None => batch.inner.ids,
            Some(counts) => {
                let of_table = self.schema.features.iter().zip(counts).filter(|(f, _)| f.table == table);
                of_table.map(|(_, count)| count).sum()
            }
        }
    }

    /// Sums the terms of each row of a table.
    fn sum_rows(
        &self,
        rec: &mut Recorder,
        from: &SectionTerms<'_>,
        table: usize,
        out: &SparseGradient,
    ) -> Result<()> {
        let (ctx, len) = (rec.context().clone(), from.section.ids);
        let shape = self.store.tables().shape(table);
        let key = self.store.tables().plan().first_key[table];
        let keys = SortedKeys {
            len,
            keys: from.sorted.keys.clone(),
            range: from.section.span.key(key)..from.section.span.key(key + shape.rows),
            status: from.status.clone(),
        };
        let begins = keys.record_distinct(rec, &out.rows, &out.total)?;
        let unused = rec.scratch("embag.unused", 16)?;
        let (partials, stride) = match &from.partials {
            Some(partials) => (partials.buffer.clone(), partials.stride),
            None => (unused, 0),
        };
        let split = from.partials.is_some();
        let loops = |kernel| row_loops(kernel, shape.dim, 0, split, len);
        let kernel = shape_within(&ctx, loops).ok_or_else(|| too_many(len))?;
        let at_once = out.values.rows_at_once(&ctx);
        for first in (0..out.capacity()).step_by(at_once) {
            let part = out.values.row_part(first, at_once.min(out.capacity() - first));
            let place = part.place(&ctx, "values")?;
            let params = segment_gradient::Params {
                rows: narrow(part.rows),
                first: narrow(first),
                dim: shape.dim,
                lanes: lanes_for(shape.dim),
                split: u32::from(split),
                stride,
                clip_value: self.store.class(table).clip_value(),
                out_base: place.base,
                out_stride: place.stride,
            };
            let bindings = segment_gradient::Bindings {
                total: out.total.clone(),
                begins: begins.clone(),
                terms: from.sorted.terms.clone(),
                grad: from.sorted.grad.clone(),
                partials: partials.clone(),
                out: place.binding,
                counts: out.counts.clone(),
            };
            let vec4 = shape.vec4() && from.sorted.vec4 && place.vec4;
            let variant = segment_gradient::variant(vec4, kernel);
            let groups = segment_gradient::groups(kernel, params.rows, params.lanes);
            rec.dispatch(Dispatch::new(variant, &params, bindings, groups));
        }
        Ok(())
    }
}

/// The terms that tables of a section share.
struct SectionTerms<'a> {
    section: &'a Section,
    status: &'a Buffer,
    sorted: SortedTerms,
    partials: Option<Partials>,
}

/// Waits, and gives up the room that is not needed.
fn finished(mut rec: Recorder, made: Vec<SparseGradient>) -> Result<Vec<SparseGradient>> {
    let totals: Vec<_> = made.iter().map(|gradient| rec.readback::<u32>(&gradient.total)).collect();
    rec.run()?;
    let trim = |(gradient, total): (&SparseGradient, crate::Readback<u32>)| {
        let total = total.wait()?.first().map_or(0, |&total| total as usize);
        Ok(gradient.trimmed_to(total.min(gradient.capacity())))
    };
    made.iter().zip(totals).map(trim).collect()
}
