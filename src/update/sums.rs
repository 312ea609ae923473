//! What the terms of each row come to, in order of the rows.

use super::key_terms::{KeyTerms, SortedTerms};
use super::terms::{Partials, Parts, row_loops, shape_within, too_many};
use crate::Result;
use crate::device::{Buffer, Dispatch, Recorder};
use crate::kernels::feature::NONE;
use crate::kernels::part::{self, lanes_for};
use crate::kernels::segment_gradient;
use crate::sort::SortedKeys;

/// What the terms of each row come to.
pub(crate) struct KeySums {
    /// The distinct rows in ascending order, as many as there are positions at most, and their number.
    pub(crate) rows: Buffer,
    pub(crate) total: Buffer,
    /// `dim` values for each row, and how often it was there.
    pub(crate) sums: Buffer,
    pub(crate) occurrences: Buffer,
}

impl KeyTerms {
    /// Records the sums of the terms of rows below `rows`, of `dim` columns, each value clipped if
    /// `clip_value` is not 0; other keys are passed over, and all of them where `status` is of a batch that
    /// is refused. The result lies in scratch memory.
    pub(crate) fn sums(
        self,
        rec: &mut Recorder,
        status: &Buffer,
        rows: u32,
        dim: u32,
        clip_value: f32,
    ) -> Result<KeySums> {
        let len = self.len;
        let place = |rec: &mut Recorder, label, words: u64| rec.scratch(label, words * 4);
        let out = KeySums {
            rows: place(rec, "embag.rows", len.into())?,
            total: place(rec, "embag.total", 1)?,
            sums: place(rec, "embag.sums", u64::from(len) * u64::from(dim))?,
            occurrences: place(rec, "embag.occurrences", len.into())?,
        };
        let sorted = self.sorted(rec, rows)?;
        let keys = SortedKeys { len, keys: sorted.keys.clone(), range: 0..rows, status: status.clone() };
        let begins = keys.record_distinct(rec, &out.rows, &out.total)?;
        // pieces of frequent rows first, so that no thread walks all of them
        let part = part::Part {
            key_first: 0,
            rows,
            row_first: 0,
            row_step: 1,
            column_first: 0,
            base: 0,
            stride: dim,
            state_base: 0,
            state_stride: 0,
            dim,
            random: 0,
        };
        let parts = Parts::new(rec, &[part])?;
        let partials = Partials::record(rec, parts, &sorted, NONE, sorted.vec4, clip_value)?;
        let SortedTerms { terms, grad, vec4, .. } = sorted;
        let shape = shape_within(rec.context(), |shape| row_loops(shape, dim, 0, partials.is_some(), len));
        let shape = shape.ok_or_else(|| too_many(len))?;
        let lanes = lanes_for(dim);
        let params = segment_gradient::Params {
            rows: len,
            first: 0,
            dim,
            lanes,
            split: u32::from(partials.is_some()),
            stride: partials.as_ref().map_or(0, |partials| partials.stride),
            clip_value,
            out_base: 0,
            out_stride: dim,
        };
        let partials = match partials {
            Some(partials) => partials.buffer,
            None => rec.scratch("embag.unused", 16)?,
        };
        let bindings = segment_gradient::Bindings {
            total: out.total.clone(),
            begins,
            terms,
            grad,
            partials,
            out: out.sums.clone(),
            counts: out.occurrences.clone(),
        };
        let groups = segment_gradient::groups(shape, len, lanes);
        let variant = segment_gradient::variant(vec4, shape);
        rec.dispatch(Dispatch::new(variant, &params, bindings, groups));
        Ok(out)
    }
}
