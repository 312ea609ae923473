//! What each id of a batch contributes to which row.

use super::forward::weights_or_unused;
use super::gradient::Bound;
use super::section::Member;
use super::{FeatureSpec, JaggedBatch};
use crate::Result;
use crate::device::{Buffer, Dispatch, Recorder};
use crate::kernels::feature::{Feature, POOL_NONE};
use crate::kernels::occurrences::{Bindings, Params, threads};
use crate::numbers::narrow;
use crate::update::KeyTerms;

/// The ids of some features of a batch, whose keys and terms are wanted.
pub(crate) struct Occurrences<'a> {
    /// At the positions of the batch's ids: rows, or what stands for them.
    pub(crate) ids: &'a Buffer,
    pub(crate) members: &'a [Member],
    /// Ids of these features.
    pub(crate) len: u32,
    /// The key of ids that stand for no row.
    pub(crate) none_key: u32,
    /// Whether terms have the per-sample weights as a factor.
    pub(crate) weighted: bool,
    /// Whether the id 2^32 - 1 counts for a mean.
    pub(crate) absent_count: bool,
}

/// How ids of a feature become keys.
pub(crate) struct Keyed {
    /// From there on they stand for no row.
    pub(crate) rows: u32,
    /// Nor does this one.
    pub(crate) padding: u32,
    /// What is added to the others.
    pub(crate) key_base: u32,
}

impl Occurrences<'_> {
    /// Records keys and terms, which lie in scratch memory; `bound` is the gradient of the features.
    pub(crate) fn record(
        &self,
        rec: &mut Recorder,
        batch: &JaggedBatch,
        bound: Bound,
        keyed: impl Fn(&FeatureSpec) -> Keyed,
    ) -> Result<KeyTerms> {
        let schema = &batch.inner.schema;
        let features: Vec<Feature> = self
            .members
            .iter()
            .zip(bound.places.iter().zip(&bound.spread))
            .map(|(&Member { feature, shift, in_use }, (&(out_base, out_stride), &spread))| {
                let spec = &schema.features[feature];
                let Keyed { rows, padding, key_base } = keyed(spec);
                Feature {
                    index: narrow(feature),
                    dim: spec.shape.dim,
                    rows: if in_use { rows } else { 0 },
                    padding,
                    pooling: if spread { POOL_NONE } else { spec.pooling.code() },
                    out_base,
                    out_stride,
                    key_base,
                    shift,
                    ..Feature::default()
                }
            })
            .collect();
        let bags = batch.inner.batch * narrow(features.len());
        let threads = threads(bags, self.len);
        let params = Params {
            batch: batch.inner.batch,
            bags,
            ids: self.len,
            none_key: self.none_key,
            weighted: u32::from(self.weighted && batch.inner.weights.is_some()),
            threads,
            pruned: u32::from(self.absent_count),
            room: u32::from(batch.inner.room),
        };
        let keys = rec.scratch("embag.keys", u64::from(self.len) * 4)?;
        let terms = rec.scratch("embag.terms", u64::from(self.len) * 8)?;
        let bindings = Bindings {
            status: batch.inner.status.clone(),
            features: rec.scratch_from("embag.features", &features)?,
            offsets: batch.inner.offsets.clone(),
            ids: self.ids.clone(),
            weights: weights_or_unused(rec, batch)?,
            keys: keys.clone(),
            terms: terms.clone(),
        };
        rec.dispatch(Dispatch::threads(0, &params, bindings, threads));
        Ok(KeyTerms { len: self.len, keys, terms, vec4: bound.vec4(), grad: bound.buffer })
    }
}
