//! Batches from host data: checked here, then uploaded.

use std::collections::HashMap;
use std::sync::Arc;

use super::batch::Inner;
use super::{Bounds, FeatureSpec, JaggedBatch, Pooling, Schema};
use crate::device::{Buffer, Context};
use crate::kernels::feature::{NONE, Status};
use crate::{Error, Result};

/// An id type: `u32` or `u64`.
pub trait Id: Copy {
    /// The id as a number.
    fn number(self) -> u64;
}

impl Id for u32 {
    fn number(self) -> u64 {
        self.into()
    }
}

impl Id for u64 {
    fn number(self) -> u64 {
        self
    }
}

/// The bags of one feature.
#[derive(Debug, Default)]
struct Jagged {
    values: Vec<u64>,
    lengths: Vec<u32>,
    weights: Option<Vec<f32>>,
}

/// Collects the features of a host batch; made by [`EmbeddingBags::batch`](super::EmbeddingBags::batch).
///
/// Features may come in any order, each once. A mistake is reported by [`BatchBuilder::build`].
#[derive(Debug)]
pub struct BatchBuilder {
    ctx: Context,
    schema: Arc<Schema>,
    features: HashMap<usize, Jagged>,
    variable: bool,
    error: Option<Error>,
}

impl BatchBuilder {
    pub(crate) fn new(ctx: &Context, schema: &Arc<Schema>) -> Self {
        Self {
            ctx: ctx.clone(),
            schema: schema.clone(),
            features: HashMap::new(),
            variable: false,
            error: None,
        }
    }

    /// An empty builder for the same bags: with one of its own, another thread can make batches while this one
    /// trains.
    #[must_use]
    pub fn fresh(&self) -> Self {
        Self::new(&self.ctx, &self.schema)
    }

    /// A feature with exactly one id for each example.
    #[must_use]
    pub fn feature<I: Id>(self, name: &str, ids: &[I]) -> Self {
        let lengths = vec![1; ids.len()];
        self.bags(name, ids, &lengths)
    }

    /// A feature with `lengths[b]` ids for example `b`, one after the other in `values`.
    #[must_use]
    pub fn bags<I: Id>(self, name: &str, values: &[I], lengths: &[u32]) -> Self {
        let jagged = Jagged {
            values: values.iter().map(|id| id.number()).collect(),
            lengths: lengths.to_vec(),
            weights: None,
        };
        self.add(name, Ok(jagged))
    }

    /// A feature whose example `b` has the ids `values[offsets[b]..offsets[b + 1]]`: one offset more than examples,
    /// from 0 to the number of ids.
    #[must_use]
    pub fn offsets<I: Id>(self, name: &str, values: &[I], offsets: &[u32]) -> Self {
        let argument = || format!("offsets of feature \"{name}\"");
        let jagged = lengths_of(offsets, values.len(), argument).map(|lengths| Jagged {
            values: values.iter().map(|id| id.number()).collect(),
            lengths,
            weights: None,
        });
        self.add(name, jagged)
    }

    /// [`BatchBuilder::offsets`] without the last offset, as torch's `EmbeddingBag` takes them: where each bag begins.
    #[must_use]
    pub fn starts<I: Id>(self, name: &str, values: &[I], starts: &[u32]) -> Self {
        // beyond u32 there are too many ids in all, which `build` refuses
        let end = u32::try_from(values.len()).unwrap_or(u32::MAX);
        self.offsets(name, values, &[starts, &[end]].concat())
    }

    /// A feature with `columns` ids for each example, row after row of a matrix.
    #[must_use]
    pub fn rows<I: Id>(self, name: &str, values: &[I], columns: usize) -> Self {
        let length =
            u32::try_from(columns).ok().filter(|&length| length > 0 && values.len().is_multiple_of(columns));
        let Some(length) = length else {
            let argument = format!("ids of feature \"{name}\"");
            let error = Error::invalid(argument, format!("whole rows of {columns}"), values.len());
            return self.add(name, Err(error));
        };
        let lengths = vec![length; values.len() / columns];
        self.bags(name, values, &lengths)
    }

    /// Lets features have different numbers of examples: their outputs are then matrices of their own, as
    /// [`EmbeddingBags::forward_features`](super::EmbeddingBags::forward_features) makes them.
    #[must_use]
    pub fn variable(mut self) -> Self {
        self.variable = true;
        self
    }

    /// A feature from one list of ids for each example.
    #[must_use]
    pub fn lists<I: Id, L: IntoIterator<Item = I>>(
        self,
        name: &str,
        lists: impl IntoIterator<Item = L>,
    ) -> Self {
        let mut jagged = Jagged::default();
        for list in lists {
            let before = jagged.values.len();
            jagged.values.extend(list.into_iter().map(Id::number));
            // a length beyond u32 makes too many ids in all, which `build` refuses
            jagged.lengths.push(u32::try_from(jagged.values.len() - before).unwrap_or(u32::MAX));
        }
        self.add(name, Ok(jagged))
    }

    /// Per-sample weights of a feature that was given before, one for each id. Features without have weights of 1.
    #[must_use]
    pub fn weights(mut self, name: &str, weights: &[f32]) -> Self {
        let result = self.schema.find(name).and_then(|index| match self.features.get_mut(&index) {
            None => Err(Error::invalid(
                format!("weights of feature \"{name}\""),
                "the feature's ids first",
                "weights only",
            )),
            Some(jagged) if jagged.values.len() != weights.len() => Err(Error::invalid(
                format!("weights of feature \"{name}\""),
                format!("{} values, one for each id", jagged.values.len()),
                weights.len(),
            )),
            Some(jagged) => {
                jagged.weights = Some(weights.to_vec());
                Ok(())
            }
        });
        if let Err(error) = result {
            self.error.get_or_insert(error);
        }
        self
    }

    fn add(mut self, name: &str, jagged: Result<Jagged>) -> Self {
        let result = self.schema.find(name).and_then(|index| match self.features.insert(index, jagged?) {
            Some(_) => Err(Error::invalid(format!("feature \"{name}\""), "once", "twice")),
            None => Ok(()),
        });
        if let Err(error) = result {
            self.error.get_or_insert(error);
        }
        self
    }

    /// Checks everything and uploads the batch.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] if a feature is missing, unknown or given twice, or sizes disagree,
    /// [`Error::IdOutOfRange`] for the first id that is no row (unless
    /// [`Bounds::Skip`](super::Bounds::Skip) is set).
    pub fn build(self) -> Result<JaggedBatch> {
        let (ctx, schema) = (self.ctx.clone(), self.schema.clone());
        self.collect()?.upload(&ctx, &schema)
    }

    /// Whether it was made for this schema.
    pub(crate) fn fits(&self, schema: &Arc<Schema>) -> Result<()> {
        if Arc::ptr_eq(&self.schema, schema) {
            return Ok(());
        }
        Err(Error::invalid("batch", "one that was begun by these bags", "one that was begun by others"))
    }

    /// The ids given so far, feature by feature.
    pub(crate) fn given(&self) -> impl Iterator<Item = (&FeatureSpec, &[u64])> {
        self.features.iter().map(|(&index, jagged)| (&self.schema.features[index], &*jagged.values))
    }

    /// Everything [`BatchBuilder::build`] checks but the ids.
    pub(crate) fn collect(self) -> Result<Flat> {
        let Self { schema, mut features, variable, error, .. } = self;
        if let Some(error) = error {
            return Err(error);
        }
        let mut lists = Vec::new();
        for (index, spec) in schema.features.iter().enumerate() {
            lists.push(features.remove(&index).ok_or_else(|| {
                Error::invalid("batch", format!("feature \"{}\"", spec.name), "no such feature in it")
            })?);
        }
        let batch = if variable {
            lists.iter().map(|jagged| jagged.lengths.len()).max().unwrap_or(0)
        } else {
            lists.first().map_or(0, |jagged| jagged.lengths.len())
        };
        let weighted = lists.iter().any(|jagged| jagged.weights.is_some());
        let mut flat = Flat::new(batch, weighted);
        for (spec, mut jagged) in schema.features.iter().zip(lists) {
            if variable {
                flat.end_early(&mut jagged);
            }
            flat.push(spec, jagged, batch)?;
        }
        Ok(flat)
    }
}

/// Turns offsets into lengths; `argument` names them.
fn lengths_of(offsets: &[u32], values: usize, argument: impl Fn() -> String) -> Result<Vec<u32>> {
    let wrong = |index: usize, expected: String, got: u32| {
        Err(Error::Offsets { argument: argument(), index, expected, got: got.into() })
    };
    let Some((&first, &last)) = offsets.first().zip(offsets.last()) else {
        return Err(Error::invalid(argument(), "one more than bags", "none"));
    };
    if first != 0 {
        return wrong(0, "0".to_owned(), first);
    }
    if let Some(i) = offsets.windows(2).position(|pair| pair[0] > pair[1]) {
        return wrong(i + 1, format!("at least {}", offsets[i]), offsets[i + 1]);
    }
    if last as usize != values {
        return wrong(offsets.len() - 1, format!("{values} (the number of ids)"), last);
    }
    Ok(offsets.windows(2).map(|pair| pair[1] - pair[0]).collect())
}

/// All features one after the other.
pub(crate) struct Flat {
    batch: usize,
    pub(crate) ids: Vec<u32>,
    offsets: Vec<u32>,
    weights: Option<Vec<f32>>,
    /// Ids of each feature.
    pub(crate) counts: Vec<u32>,
    /// Examples of each feature of a variable batch.
    examples: Vec<u32>,
    skipped: u64,
    /// The error for the first id out of range.
    out_of_range: Option<Error>,
}

impl Flat {
    fn new(batch: usize, weighted: bool) -> Self {
        let weights = weighted.then(Vec::new);
        Self {
            batch,
            ids: Vec::new(),
            offsets: vec![0],
            weights,
            counts: Vec::new(),
            examples: Vec::new(),
            skipped: 0,
            out_of_range: None,
        }
    }

    /// Fills the examples that a feature does not have up with empty bags.
    fn end_early(&mut self, jagged: &mut Jagged) {
        // no more than the longest feature's, which `upload` checks
        self.examples.push(u32::try_from(jagged.lengths.len()).unwrap_or(u32::MAX));
        jagged.lengths.resize(self.batch, 0);
    }

    fn push(&mut self, spec: &FeatureSpec, jagged: Jagged, batch: usize) -> Result<()> {
        let name = &spec.name;
        if jagged.lengths.len() != batch {
            return Err(Error::invalid(
                format!("feature \"{name}\""),
                format!("{batch} examples, as in the first feature"),
                jagged.lengths.len(),
            ));
        }
        let total: u64 = jagged.lengths.iter().map(|&length| u64::from(length)).sum();
        if total != jagged.values.len() as u64 {
            return Err(Error::invalid(
                format!("lengths of feature \"{name}\""),
                format!("a sum of {}, the number of ids", jagged.values.len()),
                total,
            ));
        }
        if jagged.weights.is_some() && spec.pooling == Pooling::Max {
            return Err(Error::invalid(
                format!("weights of feature \"{name}\""),
                "none, for a maximum",
                "some",
            ));
        }
        let before = self.ids.len();
        let end = u32::try_from(before as u64 + total).ok().filter(|&end| end < u32::MAX);
        let Some(end) = end else {
            return Err(Error::invalid("batch", "fewer than 2^32 - 1 ids", before as u64 + total));
        };
        let mut running = end - u32::try_from(total).unwrap_or(0);
        for length in &jagged.lengths {
            running += length;
            self.offsets.push(running);
        }
        if let Some(weights) = &mut self.weights {
            match jagged.weights {
                Some(given) => weights.extend(given),
                None => weights.resize(self.ids.len() + jagged.values.len(), 1.0),
            }
        }
        // ids beyond u32 are no row either: the largest u32 stands for them
        self.ids.extend(jagged.values.iter().map(|&id| u32::try_from(id).unwrap_or(NONE)));
        self.counts.push(end - u32::try_from(before).unwrap_or(0));
        let padding = (spec.padding != NONE).then_some(u64::from(spec.padding));
        let bad = |id: u64| id >= u64::from(spec.shape.rows) && Some(id) != padding;
        self.skipped += jagged.values.iter().filter(|&&id| bad(id)).count() as u64;
        if self.out_of_range.is_none() {
            self.out_of_range = jagged.values.iter().position(|&id| bad(id)).map(|k| {
                let position = before + k;
                let begins = &self.offsets[self.offsets.len() - 1 - batch..self.offsets.len() - 1];
                Error::IdOutOfRange {
                    feature: name.clone(),
                    // the last bag that begins at or before the position
                    example: begins.partition_point(|&begin| begin as usize <= position) - 1,
                    position,
                    id: jagged.values[k],
                    rows: spec.shape.rows.into(),
                }
            });
        }
        Ok(())
    }

    /// The windows that the ids lie in.
    fn touched(&self, schema: &Schema) -> Vec<bool> {
        let mut touched = vec![false; schema.windows];
        let mut position = 0;
        for (spec, &count) in schema.features.iter().zip(&self.counts) {
            let (first, rows) = (schema.first_window[spec.table], schema.window_rows[spec.table]);
            let ids = &self.ids[position..position + count as usize];
            position += count as usize;
            for &id in ids.iter().filter(|&&id| id < spec.shape.rows) {
                touched[first + id.checked_div(rows).unwrap_or(0) as usize] = true;
            }
        }
        touched
    }

    /// The error for the first id that is no row, if that is one.
    pub(crate) fn check_ids(&mut self, bounds: Bounds) -> Result<()> {
        match self.out_of_range.take() {
            Some(error) if bounds == Bounds::Error => Err(error),
            _ => Ok(()),
        }
    }

    pub(crate) fn upload(mut self, ctx: &Context, schema: &Arc<Schema>) -> Result<JaggedBatch> {
        let touched = Some(self.touched(schema));
        self.check_ids(schema.bounds)?;
        let bag_lengths = || self.offsets.windows(2).map(|pair| pair[1] - pair[0]);
        let longest = bag_lengths().max().unwrap_or(0);
        if longest > ctx.longest_bag() {
            let bag = bag_lengths().position(|length| length == longest).unwrap_or(0);
            return Err(Error::invalid(
                format!(
                    "feature \"{}\", example {}",
                    schema.features[bag / self.batch].name,
                    bag % self.batch
                ),
                format!("at most {} ids in a bag on a software adapter", ctx.longest_bag()),
                longest,
            ));
        }
        let Some(batch) = u32::try_from(self.offsets.len()).ok().and(u32::try_from(self.batch).ok()) else {
            return Err(Error::invalid("batch", "fewer than 2^32 bags", self.offsets.len()));
        };
        Ok(JaggedBatch::new(Inner {
            ctx: ctx.clone(),
            schema: schema.clone(),
            batch,
            examples: self.examples.iter().any(|&examples| examples != batch).then_some(self.examples),
            ids: self.offsets.last().copied().unwrap_or(0),
            ids_buffer: Buffer::from_slice(ctx, &self.ids)?,
            offsets: Buffer::from_slice(ctx, &self.offsets)?,
            weights: self.weights.map(|weights| Buffer::from_slice(ctx, &weights)).transpose()?,
            status: Buffer::from_slice(ctx, &[Status::CLEAN])?,
            longest,
            from_lengths: false,
            counts: Some(self.counts),
            touched,
            skipped: Some(if schema.bounds == Bounds::Skip { self.skipped } else { 0 }),
        }))
    }
}

impl JaggedBatch {
    /// A host batch in the layout of a KeyedJaggedTensor: `lengths[f * batch + b]` ids for each feature and
    /// example, one after the other in `values`, in the order of the features.
    pub(super) fn from_host<I: Id>(
        ctx: &Context,
        schema: &Arc<Schema>,
        values: &[I],
        lengths: &[u32],
        weights: Option<&[f32]>,
    ) -> Result<Self> {
        Flat::from_lengths(schema, values, lengths, weights)?.upload(ctx, schema)
    }

    /// [`JaggedBatch::from_host`] with a number of examples for each feature.
    pub(super) fn from_variable<I: Id>(
        ctx: &Context,
        schema: &Arc<Schema>,
        values: &[I],
        lengths: &[u32],
        examples: &[usize],
        weights: Option<&[f32]>,
    ) -> Result<Self> {
        Flat::from_variable(schema, values, lengths, examples, weights)?.upload(ctx, schema)
    }

    /// [`JaggedBatch::from_host`] with offsets, one more than bags.
    pub(super) fn from_host_offsets<I: Id>(
        ctx: &Context,
        schema: &Arc<Schema>,
        values: &[I],
        offsets: &[u32],
        weights: Option<&[f32]>,
    ) -> Result<Self> {
        Flat::from_offsets(schema, values, offsets, weights)?.upload(ctx, schema)
    }
}

impl Flat {
    /// What [`JaggedBatch::from_host`] is made of.
    pub(crate) fn from_lengths<I: Id>(
        schema: &Schema,
        values: &[I],
        lengths: &[u32],
        weights: Option<&[f32]>,
    ) -> Result<Self> {
        let features = schema.features.len();
        if !lengths.len().is_multiple_of(features.max(1)) {
            return Err(Error::invalid(
                "lengths",
                format!("a multiple of the {features} features"),
                lengths.len(),
            ));
        }
        let examples = vec![lengths.len() / features.max(1); features];
        Self::from_variable(schema, values, lengths, &examples, weights)
    }

    /// [`Flat::from_lengths`] with a number of examples for each feature.
    pub(crate) fn from_variable<I: Id>(
        schema: &Schema,
        values: &[I],
        lengths: &[u32],
        examples: &[usize],
        weights: Option<&[f32]>,
    ) -> Result<Self> {
        let features = schema.features.len();
        let sum = examples.iter().fold(0usize, |sum, &examples| sum.saturating_add(examples));
        if examples.len() != features || sum != lengths.len() {
            return Err(Error::invalid(
                "examples",
                format!("{features} numbers whose sum is {}, the number of lengths", lengths.len()),
                format!("{} numbers whose sum is {sum}", examples.len()),
            ));
        }
        if let Some(weights) = weights.filter(|weights| weights.len() != values.len()) {
            return Err(Error::invalid(
                "weights",
                format!("{} values, one for each id", values.len()),
                weights.len(),
            ));
        }
        let total: u64 = lengths.iter().map(|&length| u64::from(length)).sum();
        if total != values.len() as u64 {
            return Err(Error::invalid(
                "lengths",
                format!("a sum of {}, the number of ids", values.len()),
                total,
            ));
        }
        let batch = examples.iter().copied().max().unwrap_or(0);
        let mut flat = Flat::new(batch, weights.is_some());
        let (mut at, mut rest) = (0, lengths);
        for (spec, &examples) in schema.features.iter().zip(examples) {
            let (now, later) = rest.split_at(examples);
            rest = later;
            let lengths = now.to_vec();
            let count = lengths.iter().map(|&length| length as usize).sum::<usize>();
            let mut jagged = Jagged {
                values: values[at..at + count].iter().map(|id| id.number()).collect(),
                lengths,
                weights: weights.map(|weights| weights[at..at + count].to_vec()),
            };
            at += count;
            flat.end_early(&mut jagged);
            flat.push(spec, jagged, batch)?;
        }
        Ok(flat)
    }

    /// [`Flat::from_lengths`] with offsets, one more than bags.
    pub(crate) fn from_offsets<I: Id>(
        schema: &Schema,
        values: &[I],
        offsets: &[u32],
        weights: Option<&[f32]>,
    ) -> Result<Self> {
        let lengths = lengths_of(offsets, values.len(), || "offsets".to_owned())?;
        Self::from_lengths(schema, values, &lengths, weights)
    }
}
