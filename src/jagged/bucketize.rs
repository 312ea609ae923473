//! Values sorted into buckets by ranges of rows.

use super::KeyedJagged;
use super::blocks::{Size, sums};
use super::keyed::segments;
use super::offsets::count;
use crate::device::{Buffer, Dispatch, Recorder};
use crate::kernels::{bucket_keys, bucket_offsets, gather_words};
use crate::sort::sort_by_key;
use crate::{Error, Result};

/// A tensor whose values were sorted into buckets.
#[derive(Debug, Clone)]
pub struct Bucketized {
    /// `buckets * features` features: those of the first bucket, then those of the next; its counts are not
    /// known.
    pub tensor: KeyedJagged,
    /// Where each value of the first tensor is now: `u32`, one for each.
    pub unbucketize: Option<Buffer>,
}

impl KeyedJagged {
    /// Records a tensor whose values are sorted by ranges of rows: the rows of each feature are cut into
    /// blocks of `block_sizes[feature]`, one a bucket.
    ///
    /// Value `v` goes to bucket `v / block` as `v % block`. Beyond the last block, values go round all
    /// buckets: to bucket `v % buckets` as `v / buckets`. Within a bucket segments and their values keep
    /// their order, and weights go with the values. `unbucketize` asks for [`Bucketized::unbucketize`]. This
    /// is FBGEMM's `block_bucketize_sparse_features`.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] if there is no bucket, or not one block size of at least 1 for each
    /// feature, or the result has 2^32 - 1 segments or more; [`Error::LimitExceeded`] or [`Error::Device`] if
    /// the memory cannot be had.
    pub fn bucketize(
        &self,
        rec: &mut Recorder,
        block_sizes: &[u32],
        buckets: usize,
        unbucketize: bool,
    ) -> Result<Bucketized> {
        let buckets = count("buckets", buckets)?;
        if buckets == 0 {
            return Err(Error::invalid("buckets", "at least 1", buckets));
        }
        if block_sizes.len() != self.features() {
            let expected = format!("{}, one for each feature", self.features);
            return Err(Error::invalid("block_sizes", expected, block_sizes.len()));
        }
        if let Some(feature) = block_sizes.iter().position(|&size| size == 0) {
            return Err(Error::invalid(format!("block_sizes[{feature}]"), "at least 1", 0));
        }
        let Some(features) = self.features.checked_mul(buckets) else {
            let got = format!("{buckets} buckets x {} features", self.features);
            return Err(Error::invalid("features", "fewer than 2^32 - 1", got));
        };
        segments(features, self.batch)?;
        rec.whole(|rec| rec.scope(|rec| self.record_buckets(rec, block_sizes, buckets, unbucketize)))
    }

    fn record_buckets(
        &self,
        rec: &mut Recorder,
        block_sizes: &[u32],
        buckets: u32,
        unbucketize: bool,
    ) -> Result<Bucketized> {
        self.offsets.guard(rec)?;
        let len = self.len();
        let (status, offsets) = (self.offsets.status(), self.offsets.buffer());
        let [keys, locals] = [(); 2].map(|()| rec.scratch("embag.buckets", u64::from(len) * 4));
        let (keys, locals) = (keys?, locals?);
        let blocks = rec.scratch_from("embag.blocks", block_sizes)?;
        let params = bucket_keys::Params { len, features: self.features, batch: self.batch, buckets };
        let bindings = bucket_keys::Bindings {
            status: status.clone(),
            offsets: offsets.clone(),
            blocks,
            values: self.values.clone(),
            keys: keys.clone(),
            locals: locals.clone(),
        };
        rec.dispatch(Dispatch::threads(0, &params, bindings, len));

        let bits = (u32::BITS - (buckets - 1).leading_zeros()).max(1);
        let sorted = sort_by_key(rec, &keys, len, bits)?;

        let segments = self.features * self.batch;
        let begins = sums(rec, segments * buckets)?;
        if segments > 0 {
            let params = bucket_offsets::Params { len, segments, buckets };
            let (keys, positions) = (sorted.keys, sorted.positions.clone());
            let bindings = bucket_offsets::Bindings {
                status: status.clone(),
                offsets: offsets.clone(),
                keys,
                positions,
                out: begins.clone(),
            };
            let threads = segments * buckets + 1;
            rec.dispatch(Dispatch::threads(0, &params, bindings, threads));
        }
        let shape = (self.features * buckets, self.batch);
        let size = Size { values: len, counts: None };
        let weighted = self.weights.is_some();
        let tensor = Self::made(rec, "the offsets of the buckets", shape, begins, size, weighted)?;

        let unbucketize = match unbucketize {
            true => Some(rec.context().allocate("embag.unbucketize", u64::from(len) * 4)?),
            false => None,
        };

        let mut gather = |source: &Buffer, out: &Buffer, inverse: u32| {
            let positions = sorted.positions.clone();
            let bindings = gather_words::Bindings {
                status: tensor.offsets.status().clone(),
                positions,
                source: source.clone(),
                out: out.clone(),
            };
            let params = gather_words::Params { len, inverse };
            rec.dispatch(Dispatch::threads(0, &params, bindings, len));
        };
        gather(&locals, &tensor.values, 0);
        if let Some((from, to)) = self.weights.as_ref().zip(tensor.weights.as_ref()) {
            gather(from, to, 0);
        }
        if let Some(places) = &unbucketize {
            gather(&locals, places, 1);
        }
        Ok(Bucketized { tensor, unbucketize })
    }
}
