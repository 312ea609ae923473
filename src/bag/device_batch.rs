//! Batches from device memory: checked by kernels.

use std::sync::Arc;

use super::batch::{Inner, checked_weights};
use super::{Bounds, JaggedBatch, Schema};
use crate::device::{Buffer, Dispatch, Ground, Recorder};
use crate::directory::DeviceIds;
use crate::kernels::feature::{Feature, Status};
use crate::kernels::{check_ids, check_offsets, check_report};
use crate::numbers::narrow;
use crate::sort::prefix_sum;
use crate::{Error, Result};

/// A batch whose ids already lie in device memory, in the layout of a KeyedJaggedTensor.
///
/// Buffers are used where they are, without a copy; they must stay as they are until the operations on the
/// batch are done.
///
/// ```
/// use embag::{Buffer, Context, DeviceBatch};
///
/// let ctx = Context::cpu();
/// // two examples: [7, 8] and [9]
/// let ids = Buffer::from_slice(&ctx, &[7u32, 8, 9])?;
/// let batch = DeviceBatch::from_lengths(2, ids, Buffer::from_slice(&ctx, &[2u32, 1])?).counts(vec![3]);
/// assert!(batch.weights.is_none());
/// # Ok::<(), embag::Error>(())
/// ```
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct DeviceBatch {
    /// Number of examples; of a variable batch the most that a feature has.
    pub batch: usize,
    /// The ids (`u32`) of all bags, one after the other: as many as the buffer holds, unless there is
    /// [`room`](Self::room).
    pub ids: Buffer,
    /// `u32` offsets, one more than bags, or lengths, as many as bags.
    pub bags: Buffer,
    /// Whether `bags` holds lengths rather than offsets.
    pub lengths: bool,
    /// One `f32` for each id.
    pub weights: Option<Buffer>,
    /// Ids of each feature, which are checked too; needed only if a feature is a sequence.
    pub counts: Option<Vec<usize>>,
    /// Examples of each feature, if they differ; `bags` then holds lengths, one feature's after the other's.
    pub examples: Option<Vec<usize>>,
    /// Whether the bags may leave room behind the last id.
    pub room: bool,
}

impl DeviceBatch {
    /// `batch` examples of each feature with ids (`u32`) one after the other, and `u32` offsets, one more
    /// than bags: from 0 to the number of ids.
    #[must_use]
    pub fn from_offsets(batch: usize, ids: Buffer, offsets: Buffer) -> Self {
        Self {
            batch,
            ids,
            bags: offsets,
            lengths: false,
            weights: None,
            counts: None,
            examples: None,
            room: false,
        }
    }

    /// [`DeviceBatch::from_offsets`] with `u32` lengths, as many as bags.
    #[must_use]
    pub fn from_lengths(batch: usize, ids: Buffer, lengths: Buffer) -> Self {
        Self { lengths: true, ..Self::from_offsets(batch, ids, lengths) }
    }

    /// Sets the per-sample weights: one `f32` for each id.
    #[must_use]
    pub fn weights(mut self, weights: Buffer) -> Self {
        self.weights = Some(weights);
        self
    }

    /// Lets the bags have fewer ids than the buffer, which then is a capacity: what lies behind the last bag
    /// belongs to none, may be anything, and has no gradient. A [`Plan`](crate::Plan), whose buffers are of one
    /// size, so takes a number of ids that differs from step to step.
    ///
    /// ```
    /// use embag::optim::Sgd;
    /// use embag::{Buffer, Context, DeviceBatch, EmbeddingBags, Matrix, Pooling, Recorder, Table};
    ///
    /// let ctx = Context::cpu();
    /// let mut bags = EmbeddingBags::builder(&ctx)
    ///     .table("movie", Table::rows(500).dim(4))
    ///     .feature("shown", "movie", Pooling::Sum)
    ///     .optimizer(Sgd::new(0.1))
    ///     .build()?;
    /// // two examples with at most 100 ids together
    /// let (ids, lengths) = (ctx.allocate("ids", 400)?, ctx.allocate("lengths", 8)?);
    /// let grad = Matrix::from_slice(&ctx, &[0.5; 8], 2, 4)?;
    /// let mut rec = Recorder::new(&ctx);
    /// let given = DeviceBatch::from_lengths(2, ids.clone(), lengths.clone()).with_room();
    /// let batch = bags.batch_from_device(&mut rec, given)?;
    /// bags.record_backward(&mut rec, &batch, &grad)?;
    /// let mut step = rec.into_plan()?;
    /// for (of_step, each) in [(&[3u32, 8, 8][..], [1, 2u32]), (&[7], [0, 1])] {
    ///     ids.write(&ctx, 0, of_step)?;
    ///     lengths.write(&ctx, 0, &each)?;
    ///     step.submit()?.wait()?;
    /// }
    /// # Ok::<(), embag::Error>(())
    /// ```
    #[must_use]
    pub fn with_room(mut self) -> Self {
        self.room = true;
        self
    }

    /// Sets the number of ids of each feature, which is checked too: then less scratch memory is needed, and
    /// features may be sequences.
    #[must_use]
    pub fn counts(mut self, counts: Vec<usize>) -> Self {
        self.counts = Some(counts);
        self
    }

    /// Sets a number of examples for each feature, of which the batch's is the largest; bags are given by
    /// lengths then.
    #[must_use]
    pub fn examples(mut self, examples: Vec<usize>) -> Self {
        self.examples = Some(examples);
        self
    }
}

impl JaggedBatch {
    /// Ids that are rows are checked too.
    pub(crate) fn from_device(rec: &mut Recorder, schema: &Arc<Schema>, given: DeviceBatch) -> Result<Self> {
        Self::on_device(rec, schema, given, false)
    }

    /// A batch of raw ids with room for their rows, or none. Whoever looks them up counts those that have
    /// none.
    pub(crate) fn of_raw(
        rec: &mut Recorder,
        schema: &Arc<Schema>,
        given: DeviceIds,
        grounds: Vec<(Ground, u64)>,
    ) -> Result<Self> {
        let ctx = rec.context();
        given.check(ctx, schema.features.len())?;
        let DeviceIds { batch, ids, bags, lengths, counts, weights, examples } = given;
        let ids = ctx.lend("embag.rows", ids.size() / 2)?;
        let counts = Some(counts);
        let given = DeviceBatch { batch, ids, bags, lengths, weights, counts, examples, room: false };
        let this = Self::on_device(rec, schema, given, true)?;
        Ok(Self::new(Inner { grounds, ..(*this.inner).clone() }))
    }

    fn on_device(rec: &mut Recorder, schema: &Arc<Schema>, given: DeviceBatch, raw: bool) -> Result<Self> {
        let ctx = rec.context().clone();
        let DeviceBatch { batch, ids, bags: bag_buffer, lengths, weights, counts, examples, room } = given;
        let features = narrow(schema.features.len());
        let bags = u32::try_from(batch).ok().and_then(|batch| batch.checked_mul(features));
        let Some(bags) = bags.filter(|&bags| bags < u32::MAX) else {
            return Err(Error::invalid("batch", "fewer than 2^32 - 1 bags", format!("{batch} x {features}")));
        };
        let batch = bags / features.max(1);
        let Some(id_count) = u32::try_from(ids.size() / 4).ok().filter(|&count| count < u32::MAX) else {
            return Err(Error::invalid("ids", "fewer than 2^32 - 1", ids.size() / 4));
        };
        let examples =
            examples.map(|examples| checked_examples(schema, &examples, batch, lengths)).transpose()?;
        let given_bags = match &examples {
            Some(examples) => examples.iter().map(|&examples| u64::from(examples)).sum(),
            None => u64::from(bags),
        };
        let entries = given_bags + u64::from(!lengths);
        if bags == 0 && id_count > 0 {
            return Err(Error::invalid("ids", "none, for a batch of no examples", id_count));
        }
        if bag_buffer.size() != entries * 4 {
            let what = if lengths { "lengths" } else { "offsets" };
            return Err(Error::invalid(what, format!("{entries} values"), bag_buffer.size() / 4));
        }
        if let Some(weights) = &weights {
            checked_weights(&ctx, schema, schema.all(), id_count, weights)?;
        }
        for (argument, buffer) in [("ids", &ids), ("bags", &bag_buffer)] {
            buffer.check_home(&ctx, argument)?;
            buffer.check_bindable(&ctx, || argument.to_owned())?;
        }
        if let (true, Some(counts)) = (room, &counts) {
            let got = format!("{} counts", counts.len());
            return Err(Error::invalid("counts", "none, where there may be room behind the ids", got));
        }
        let counts = counts.map(|counts| checked_counts(schema, &counts, id_count)).transpose()?;

        let offsets = if lengths {
            // The sum of the lengths before each bag; one entry more makes the last one the sum of all.
            let offsets = ctx.lend("embag.offsets", (u64::from(bags) + 1) * 4)?;
            match &examples {
                Some(examples) => copy_lengths(rec, &bag_buffer, examples, batch, &offsets)?,
                None => rec.copy(&bag_buffer, &offsets.part(0, u64::from(bags) * 4))?,
            }
            prefix_sum(rec, &offsets, bags + 1)?;
            offsets
        } else {
            bag_buffer
        };
        // until this recorder is submitted, other recorders see a batch that must not be used
        let longest = ctx.longest_bag();
        let status = ctx.allocate("embag.status", size_of::<Status>() as u64)?;
        rec.upload(&status, bytemuck::bytes_of(&Status::CLEAN).to_vec());
        let this = Self::new(Inner {
            only: None,
            ctx,
            schema: schema.clone(),
            batch,
            examples,
            ids: id_count,
            ids_buffer: ids,
            offsets,
            weights,
            status,
            longest: id_count.min(longest),
            from_lengths: lengths,
            room,
            counts,
            touched: None,
            skipped: None,
            raw,
            grounds: Vec::new(),
        });
        rec.whole(|rec| this.record_checks(rec, bags))?;
        this.guard(rec);
        Ok(this)
    }

    fn record_checks(&self, rec: &mut Recorder, bags: u32) -> Result<()> {
        let Inner { batch, ids, ids_buffer, offsets, status, .. } = &*self.inner;
        let counted = self.inner.counts.as_ref().filter(|_| *batch > 0);
        let params = check_offsets::Params {
            bags,
            ids: *ids,
            batch: *batch,
            longest: rec.context().longest_bag(),
            counted: u32::from(counted.is_some()),
            room: u32::from(self.inner.room),
        };
        let begins = counted.map_or(vec![0], |counts| begins(counts));
        let begins = rec.scratch_from("embag.begins", &begins)?;
        let bindings = check_offsets::Bindings { status: status.clone(), offsets: offsets.clone(), begins };
        rec.dispatch(Dispatch::threads(0, &params, bindings, bags + 1));
        if !self.inner.raw {
            self.record_id_check(rec)?;
        }
        let params = check_report::Params { batch: *batch, bags };
        let bindings = check_report::Bindings {
            status: status.clone(),
            offsets: offsets.clone(),
            ids: ids_buffer.clone(),
        };
        rec.dispatch(Dispatch::new(0, &params, bindings, 1));
        Ok(())
    }

    fn record_id_check(&self, rec: &mut Recorder) -> Result<()> {
        let Inner { schema, batch, ids, ids_buffer, offsets, status, .. } = &*self.inner;
        let features: Vec<Feature> = schema
            .features
            .iter()
            .map(|spec| Feature { rows: spec.shape.rows, padding: spec.padding, ..Feature::default() })
            .collect();
        let features = rec.scratch_from("embag.features", &features)?;
        let params = check_ids::Params {
            batch: *batch,
            features: narrow(schema.features.len()),
            ids: *ids,
            skip: u32::from(schema.bounds == Bounds::Skip),
            pruned: u32::from(schema.pruned),
        };
        let bindings = check_ids::Bindings {
            status: status.clone(),
            features,
            offsets: offsets.clone(),
            ids: ids_buffer.clone(),
        };
        rec.dispatch(Dispatch::threads(0, &params, bindings, *ids));
        Ok(())
    }
}

/// What the offsets must be where the ids of each feature begin, and at the end.
pub(super) fn begins(counts: &[u32]) -> Vec<u32> {
    let mut end = 0;
    // their sum is the number of ids, a `u32`
    std::iter::once(0)
        .chain(counts.iter().map(|count| {
            end += count;
            end
        }))
        .collect()
}

/// Copies the lengths of a variable batch to where those of a whole one are; the others are zeros.
fn copy_lengths(
    rec: &mut Recorder,
    lengths: &Buffer,
    examples: &[u32],
    batch: u32,
    out: &Buffer,
) -> Result<()> {
    rec.clear(out);
    let (mut from, mut to) = (0, 0);
    for &examples in examples {
        let bytes = u64::from(examples) * 4;
        if bytes > 0 {
            rec.copy(&lengths.part(from, bytes), &out.part(to, bytes))?;
        }
        (from, to) = (from + bytes, to + u64::from(batch) * 4);
    }
    Ok(())
}

fn checked_examples(schema: &Schema, examples: &[usize], batch: u32, lengths: bool) -> Result<Vec<u32>> {
    if !lengths {
        return Err(Error::invalid("bags", "lengths, for a variable batch", "offsets"));
    }
    let most = examples.iter().copied().max().unwrap_or(0);
    if examples.len() != schema.features.len() || most > batch as usize {
        return Err(Error::invalid(
            "examples",
            format!("{} numbers of at most {batch}", schema.features.len()),
            format!("{} numbers of at most {most}", examples.len()),
        ));
    }
    // each is at most the batch, a u32
    Ok(examples.iter().map(|&examples| narrow(examples)).collect())
}

fn checked_counts(schema: &Schema, counts: &[usize], ids: u32) -> Result<Vec<u32>> {
    let sum = counts.iter().fold(0usize, |sum, &count| sum.saturating_add(count));
    if counts.len() != schema.features.len() || sum != ids as usize {
        return Err(Error::invalid(
            "counts",
            format!("{} numbers whose sum is {ids}", schema.features.len()),
            format!("{} numbers whose sum is {sum}", counts.len()),
        ));
    }
    // each is at most the sum, which is a u32
    Ok(counts.iter().map(|&count| narrow(count)).collect())
}
