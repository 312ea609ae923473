//! Batches from host data, feature by feature.

use std::collections::HashMap;
use std::marker::PhantomData;
use std::ops::Range;
use std::sync::Arc;

use super::flat::{Flat, checked_weights};
use super::offset::{Offset, Spans, spans};
use super::{FeatureSpec, JaggedBatch, Schema};
use crate::device::Context;
use crate::{Error, Result};

/// An id type: `u32`, `u64`, `i32` or `i64`, or a reference to one. Negative ones are no rows, but ids as any
/// other where ids are raw; -1 is a pruned row of [`QuantizedBags`](crate::quant::QuantizedBags).
pub trait Id: Copy {
    /// Whether there are negative ones.
    const SIGNED: bool;

    /// The row that it stands for; of negative ones a number beyond all rows.
    fn number(self) -> u64;
}

/// An id as it was given, from its number.
pub(crate) fn as_given(number: u64, signed: bool) -> i128 {
    if signed { number.cast_signed().into() } else { number.into() }
}

impl Id for u32 {
    const SIGNED: bool = false;

    fn number(self) -> u64 {
        self.into()
    }
}

impl Id for u64 {
    const SIGNED: bool = false;

    fn number(self) -> u64 {
        self
    }
}

impl Id for i32 {
    const SIGNED: bool = true;

    fn number(self) -> u64 {
        i64::from(self).number()
    }
}

impl Id for i64 {
    const SIGNED: bool = true;

    fn number(self) -> u64 {
        self.cast_unsigned()
    }
}

/// Lists may be iterated over by reference.
impl<I: Id> Id for &I {
    const SIGNED: bool = I::SIGNED;

    fn number(self) -> u64 {
        (*self).number()
    }
}

/// The bags of one feature.
#[derive(Debug, Default)]
pub(super) struct Jagged {
    pub(super) values: Vec<u64>,
    /// Whether they were given as signed numbers.
    pub(super) signed: bool,
    pub(super) lengths: Vec<u32>,
    pub(super) weights: Option<Vec<f32>>,
    /// How many ids were given, and which of them lie in bags.
    given: usize,
    in_bags: Range<usize>,
}

impl Jagged {
    pub(super) fn new<I: Id>(values: &[I], lengths: Vec<u32>, weights: Option<Vec<f32>>) -> Self {
        let (given, in_bags) = (values.len(), 0..values.len());
        let values = values.iter().map(|id| id.number()).collect();
        Self { values, signed: I::SIGNED, lengths, weights, given, in_bags }
    }

    /// Whether there are as many bags as examples, and as many ids as the bags have.
    pub(super) fn check(&self, name: &str, batch: usize) -> Result<()> {
        if self.lengths.len() != batch {
            return Err(Error::invalid(
                format!("feature \"{name}\""),
                format!("{batch} examples, as in the first feature"),
                self.lengths.len(),
            ));
        }
        let total: u64 = self.lengths.iter().map(|&length| u64::from(length)).sum();
        if total != self.values.len() as u64 {
            return Err(Error::invalid(
                format!("lengths of feature \"{name}\""),
                format!("a sum of {}, the number of ids", self.values.len()),
                total,
            ));
        }
        Ok(())
    }

    fn of_spans<I: Id>(values: &[I], spans: Spans) -> Self {
        let bags = Self::new(&values[spans.values.clone()], spans.lengths, None);
        Self { given: values.len(), in_bags: spans.values, ..bags }
    }
}

/// Collects the features of a host batch; made by [`EmbeddingBags::batch`](super::EmbeddingBags::batch).
///
/// Features may come in any order, each once. A mistake is reported when the batch is made: by
/// [`BatchBuilder::build`]; for cached bags, whose builders are [`ForCache`], by
/// [`CachedBags::place`](crate::CachedBags::place); for chunked tables, whose builders are [`ForDirectory`],
/// by [`ChunkedTables::admit`](crate::ChunkedTables::admit) and the like; for rows of differing dimensions,
/// whose builders are [`ForVariable`], by [`VariableRows::find`](crate::VariableRows::find).
#[derive(Debug)]
pub struct BatchBuilder<For = ForBags> {
    ctx: Context,
    schema: Arc<Schema>,
    features: HashMap<usize, Jagged>,
    only: Option<Vec<usize>>,
    variable: bool,
    error: Option<Error>,
    made_for: PhantomData<For>,
}

/// The batch is uploaded for bags whose rows all lie on the device.
#[derive(Debug, Clone)]
pub enum ForBags {}

/// The batch is placed in a cache.
#[derive(Debug, Clone)]
pub enum ForCache {}

/// The batch's ids are raw, of 64 bits, and are looked up in directories.
#[derive(Debug, Clone)]
pub enum ForDirectory {}

/// The batch is of rows of differing dimensions.
#[derive(Debug, Clone)]
pub enum ForVariable {}

/// The batch is one rank's, of rows that lie on several.
#[derive(Debug, Clone)]
pub enum ForShards {}

impl<For> BatchBuilder<For> {
    pub(crate) fn new(ctx: &Context, schema: &Arc<Schema>) -> Self {
        Self {
            ctx: ctx.clone(),
            schema: schema.clone(),
            features: HashMap::new(),
            only: None,
            variable: false,
            error: None,
            made_for: PhantomData,
        }
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
        self.add(name, Ok(Jagged::new(values, lengths.to_vec(), None)))
    }

    /// A feature whose example `b` has the ids `values[offsets[b]..offsets[b + 1]]`: one offset more than
    /// examples. They may begin and end anywhere in `values`, as those of a slice of an Arrow list do: ids
    /// before the first and from the last on are in no bag. Weights are given for all values.
    ///
    /// ```
    /// # use embag::{Context, EmbeddingBags, Pooling, Table};
    /// # let bags = EmbeddingBags::builder(&Context::cpu())
    /// #     .table("movie", Table::rows(500).dim(16))
    /// #     .feature("liked", "movie", Pooling::Mean)
    /// #     .build()?;
    /// // Arrow: `list.values()` and `list.value_offsets()` of a list that was sliced
    /// let (values, offsets) = ([7i64, 3, 9, 4], [1i32, 3, 3]);
    /// let batch = bags.batch().offsets("liked", &values, &offsets).build()?; // [3, 9] and []
    /// assert_eq!((batch.len(), batch.ids()), (2, 2));
    /// # Ok::<(), embag::Error>(())
    /// ```
    #[must_use]
    pub fn offsets<I: Id, O: Offset>(self, name: &str, values: &[I], offsets: &[O]) -> Self {
        let argument = || format!("offsets of feature \"{name}\"");
        let spans = spans(offsets.len(), |i| offsets[i].offset(), values.len(), argument);
        self.add(name, spans.map(|spans| Jagged::of_spans(values, spans)))
    }

    /// [`BatchBuilder::offsets`] without the last offset, as torch's `EmbeddingBag` takes them: where each
    /// bag begins.
    #[must_use]
    pub fn starts<I: Id, O: Offset>(self, name: &str, values: &[I], starts: &[O]) -> Self {
        let argument = || format!("starts of feature \"{name}\"");
        let at = |i: usize| starts.get(i).map_or(values.len() as i128, |start| start.offset());
        let spans = spans(starts.len() + 1, at, values.len(), argument);
        self.add(name, spans.map(|spans| Jagged::of_spans(values, spans)))
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

    /// Lets features have different numbers of examples, none for those that are left out: their outputs are
    /// then matrices of their own, as
    /// [`EmbeddingBags::forward_features`](super::EmbeddingBags::forward_features) makes them.
    #[must_use]
    pub fn variable(mut self) -> Self {
        self.variable = true;
        self
    }

    /// A batch of these features only, such as those of one tower: the outputs are theirs, side by side or in
    /// a matrix for each, and so are the gradients, in the order of the bags' features.
    ///
    /// ```
    /// # use embag::optim::Sgd;
    /// # use embag::{Context, EmbeddingBags, Pooling, Table};
    /// # let mut bags = EmbeddingBags::builder(&Context::cpu())
    /// #     .table("user", Table::rows(100).dim(8))
    /// #     .table("movie", Table::rows(500).dim(16))
    /// #     .feature("user", "user", Pooling::Sum)
    /// #     .feature("liked", "movie", Pooling::Mean)
    /// #     .feature("shown", "movie", Pooling::Sum)
    /// #     .optimizer(Sgd::default())
    /// #     .build()?;
    /// let users = bags.batch().only(&["user", "liked"]);
    /// let users = users.feature("user", &[17u32, 4]).bags("liked", &[5u32, 31, 90], &[2, 1]).build()?;
    /// let pooled = bags.forward(&users)?; // [2, 24], of 40 columns that all features have
    /// assert_eq!((pooled.cols(), users.columns_of("liked")?), (24, 8..24));
    /// bags.backward(&users, &pooled)?; // here the output stands in for its gradient
    /// # Ok::<(), embag::Error>(())
    /// ```
    #[must_use]
    pub fn only(mut self, features: &[&str]) -> Self {
        let mut only = Vec::new();
        for name in features {
            match self.schema.find(name) {
                Ok(feature) => only.push(feature),
                Err(error) => {
                    self.error.get_or_insert(error);
                }
            }
        }
        only.sort_unstable();
        only.dedup();
        if features.is_empty() {
            self.error.get_or_insert_with(|| Error::invalid("only", "at least one feature", "none"));
        }
        self.only = Some(only);
        self
    }

    /// A feature from one list of ids for each example.
    #[must_use]
    pub fn lists<I: Id, L: IntoIterator<Item = I>>(
        self,
        name: &str,
        lists: impl IntoIterator<Item = L>,
    ) -> Self {
        let (mut values, mut lengths) = (Vec::new(), Vec::new());
        for list in lists {
            let before = values.len();
            values.extend(list);
            // a length beyond u32 makes too many ids in all, which `build` refuses
            lengths.push(u32::try_from(values.len() - before).unwrap_or(u32::MAX));
        }
        self.add(name, Ok(Jagged::new(&values, lengths, None)))
    }

    /// Per-sample weights of a feature that was given before, one for each id. Features without have weights
    /// of 1.
    #[must_use]
    pub fn weights(mut self, name: &str, weights: &[f32]) -> Self {
        let result = self.schema.find(name).and_then(|index| match self.features.get_mut(&index) {
            None => Err(Error::invalid(
                format!("weights of feature \"{name}\""),
                "the feature's ids first",
                "weights only",
            )),
            Some(jagged) => {
                let argument = format!("weights of feature \"{name}\"");
                checked_weights(argument, weights, jagged.given)
                    .map(|weights| jagged.weights = Some(weights[jagged.in_bags.clone()].to_vec()))
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

    /// Whether it was made for this schema.
    pub(crate) fn fits(&self, schema: &Arc<Schema>) -> Result<()> {
        if Arc::ptr_eq(&self.schema, schema) {
            return Ok(());
        }
        Err(Error::invalid("batch", "one that was begun by these bags", "one that was begun by others"))
    }

    /// What it is checked against.
    pub(crate) fn schema(&self) -> &Arc<Schema> {
        &self.schema
    }

    /// The ids given so far, feature by feature.
    pub(crate) fn given(&self) -> impl Iterator<Item = (&FeatureSpec, &[u64])> {
        self.features.iter().map(|(&index, jagged)| (&self.schema.features[index], &*jagged.values))
    }

    /// The features in their order. Ids and sizes are not checked yet.
    fn ordered(self) -> Result<Ordered> {
        let Self { schema, mut features, only, variable, error, .. } = self;
        if let Some(error) = error {
            return Err(error);
        }
        let left_out = |index: usize| only.as_ref().is_some_and(|only| !only.contains(&index));
        let mut lists = Vec::new();
        for (index, spec) in schema.features.iter().enumerate() {
            lists.push(match features.remove(&index) {
                Some(_) if left_out(index) => {
                    let argument = format!("feature \"{}\"", spec.name);
                    return Err(Error::invalid(argument, "one of those of `.only()`", "another"));
                }
                Some(jagged) => jagged,
                None if variable || left_out(index) => Jagged::default(),
                None => {
                    let expected = format!(
                        "feature \"{}\" (`.only()` names the features of a batch, `.variable()` lets some be left \
                         out)",
                        spec.name
                    );
                    return Err(Error::invalid("batch", expected, "no such feature in it"));
                }
            });
        }
        let there = lists.iter().enumerate().filter(|(index, _)| !left_out(*index));
        let mut counts = there.map(|(_, jagged)| jagged.lengths.len());
        let batch = if variable { counts.max() } else { counts.next() }.unwrap_or(0);
        if !variable {
            let left_out = lists.iter_mut().enumerate().filter(|(index, _)| left_out(*index));
            left_out.for_each(|(_, jagged)| jagged.lengths.resize(batch, 0));
        }
        Ok(Ordered { schema, lists, batch, only, variable })
    }

    /// Everything [`BatchBuilder::build`] checks but the ids.
    pub(crate) fn collect(self) -> Result<Flat> {
        let Ordered { schema, lists, batch, only, variable } = self.ordered()?;
        let weighted = lists.iter().any(|jagged| jagged.weights.is_some());
        let mut flat = Flat::new(batch, weighted);
        for (spec, mut jagged) in schema.features.iter().zip(lists) {
            if variable {
                flat.end_early(&mut jagged);
            }
            flat.push(&schema, spec, jagged, batch)?;
        }
        flat.only = only;
        Ok(flat)
    }
}

/// The features of a batch in their order.
struct Ordered {
    schema: Arc<Schema>,
    lists: Vec<Jagged>,
    /// Number of examples.
    batch: usize,
    only: Option<Vec<usize>>,
    variable: bool,
}

impl BatchBuilder {
    /// Checks everything and uploads the batch.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] if a feature is missing, unknown or given twice, sizes disagree, or a
    /// feature's ids are [raw](crate::Table::raw_ids) ([`EmbeddingBags::admit`](crate::EmbeddingBags::admit) and
    /// [`find`](crate::EmbeddingBags::find) take those),
    /// [`Error::IdOutOfRange`] for the first id that is no row (unless
    /// [`Bounds::Skip`](super::Bounds::Skip) is set).
    pub fn build(self) -> Result<JaggedBatch> {
        let (ctx, schema) = (self.ctx.clone(), self.schema.clone());
        self.collect()?.upload(&ctx, &schema)
    }
}
