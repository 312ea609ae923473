//! All features of a batch one after the other, checked and ready to be uploaded.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;

use super::batch::Inner;
use super::host_batch::{Id, Jagged, as_given};
use super::offset::{Offset, spans};
use super::{Bounds, FeatureSpec, JaggedBatch, Pooling, Schema};
use crate::device::{Buffer, Context, Ground};
use crate::kernels::feature::{NONE, PADDED, Status};
use crate::numbers::narrow;
use crate::{Error, Result};

/// Weights, if there is one for each id.
pub(super) fn checked_weights(argument: impl Into<String>, weights: &[f32], ids: usize) -> Result<&[f32]> {
    if weights.len() == ids {
        return Ok(weights);
    }
    Err(Error::invalid(argument, format!("{ids} values, one for each id"), weights.len()))
}

/// All features one after the other.
#[derive(Debug)]
pub(crate) struct Flat {
    batch: usize,
    pub(crate) ids: Vec<u32>,
    /// The raw ids at the places of `ids`, up to the last raw one.
    raw: Vec<u64>,
    offsets: Vec<u32>,
    weights: Option<Vec<f32>>,
    /// Ids of each feature.
    pub(crate) counts: Vec<u32>,
    /// Examples of each feature of a variable batch.
    examples: Vec<u32>,
    /// The features that the batch is of, if not of all.
    pub(super) only: Option<Vec<usize>>,
    skipped: u64,
    /// The error for the first id out of range.
    out_of_range: Option<Error>,
}

impl Flat {
    pub(super) fn new(batch: usize, weighted: bool) -> Self {
        let weights = weighted.then(Vec::new);
        Self {
            batch,
            ids: Vec::new(),
            raw: Vec::new(),
            offsets: vec![0],
            weights,
            counts: Vec::new(),
            examples: Vec::new(),
            only: None,
            skipped: 0,
            out_of_range: None,
        }
    }

    /// Fills the examples that a feature does not have up with empty bags.
    pub(super) fn end_early(&mut self, jagged: &mut Jagged) {
        // no more than the longest feature's, which `upload` checks
        self.examples.push(u32::try_from(jagged.lengths.len()).unwrap_or(u32::MAX));
        jagged.lengths.resize(self.batch, 0);
    }

    pub(super) fn push(
        &mut self,
        schema: &Schema,
        spec: &FeatureSpec,
        jagged: Jagged,
        batch: usize,
    ) -> Result<()> {
        let name = &spec.name;
        jagged.check(name, batch)?;
        let total = jagged.values.len() as u64;
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
        let mut running = end - narrow(total);
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
        self.counts.push(end - narrow(before));
        if spec.raw {
            self.raw.resize(before, 0);
            self.raw.extend(&jagged.values);
            self.ids.resize(before + jagged.values.len(), NONE);
            return Ok(());
        }
        let padding = (spec.padding != NONE).then_some(u64::from(spec.padding));
        let pruned = |id: u64| schema.pruned && (id == u64::from(NONE) || id == u64::MAX);
        let bad = |id: u64| id >= u64::from(spec.shape.rows) && Some(id) != padding && !pruned(id);
        // ids beyond u32 are no row either: the first number that is none stands for them
        let narrow = |&id: &u64| if pruned(id) { NONE } else { u32::try_from(id).unwrap_or(spec.shape.rows) };
        self.ids.extend(jagged.values.iter().map(narrow));
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
                    id: as_given(jagged.values[k], jagged.signed),
                    rows: spec.shape.rows.into(),
                }
            });
        }
        Ok(())
    }

    /// The error for the first id that is no row, if that is one.
    pub(crate) fn check_ids(&mut self, bounds: Bounds) -> Result<()> {
        match self.out_of_range.take() {
            Some(error) if bounds == Bounds::Error => Err(error),
            _ => Ok(()),
        }
    }

    /// A batch of rows.
    pub(crate) fn upload(self, ctx: &Context, schema: &Arc<Schema>) -> Result<JaggedBatch> {
        let raw = schema.features.iter().zip(&self.counts).find(|(spec, count)| spec.raw && **count > 0);
        if let Some((FeatureSpec { name, .. }, _)) = raw {
            let expected = format!("`admit` or `find`, as feature \"{name}\" has raw ids");
            return Err(Error::invalid("batch", expected, "`build`, or one of rows"));
        }
        self.upload_rows(ctx, schema, None)
    }

    /// A batch of rows and raw ids, and the raw ids at their places.
    pub(crate) fn upload_raw(
        mut self,
        ctx: &Context,
        schema: &Arc<Schema>,
        grounds: Vec<(Ground, u64)>,
    ) -> Result<(JaggedBatch, Buffer)> {
        self.raw.resize(self.ids.len(), 0);
        let raw = Buffer::lent_from(ctx, &self.raw)?;
        // rows are written where ids are looked up: in memory that holds nothing else
        let ids = Buffer::lent_from(ctx, &self.ids)?;
        let batch = self.upload_rows(ctx, schema, Some(ids))?;
        let inner = Inner { grounds, raw: true, ..(*batch.inner).clone() };
        Ok((JaggedBatch::new(inner), raw))
    }

    /// Puts rows in place of raw ids: `rows_of` gives those of a table's ids. Ids without one are skipped.
    pub(crate) fn resolve(
        &mut self,
        schema: &Schema,
        mut rows_of: impl FnMut(usize, &[u64]) -> Result<Vec<u32>>,
    ) -> Result<()> {
        let mut end = 0;
        let mut of_tables = BTreeMap::<usize, Vec<(u32, Range<usize>)>>::new();
        for (spec, &count) in schema.features.iter().zip(&self.counts) {
            end += count as usize;
            if spec.raw && count > 0 {
                of_tables.entry(spec.table).or_default().push((spec.raw_padding, end - count as usize..end));
            }
        }
        for (table, ranges) in of_tables {
            let mut sought = Vec::new();
            for (padding, range) in ranges {
                let padding = (padding != NONE).then_some(u64::from(padding));
                for place in range {
                    match self.raw[place] {
                        id if Some(id) == padding => self.ids[place] = PADDED,
                        id => sought.push((place, id)),
                    }
                }
            }
            let ids: Vec<u64> = sought.iter().map(|&(_, id)| id).collect();
            let rows = rows_of(table, &ids)?;
            self.skipped += rows.iter().filter(|&&row| row == NONE).count() as u64;
            for ((place, _), row) in sought.into_iter().zip(rows) {
                self.ids[place] = row;
            }
        }
        self.raw.clear();
        Ok(())
    }

    /// Number of examples.
    pub(crate) fn examples(&self) -> usize {
        self.batch
    }

    /// Whether all features have as many examples.
    pub(crate) fn is_plain(&self) -> bool {
        self.only.is_none() && self.examples.is_empty()
    }

    /// Where the bags of a feature begin among the ids of all, and where the last one ends.
    pub(crate) fn offsets_of(&self, feature: usize) -> &[u32] {
        &self.offsets[feature * self.batch..=(feature + 1) * self.batch]
    }

    /// The weights of a feature's ids, if there are some.
    pub(crate) fn weights_of(&self, feature: usize) -> Option<&[f32]> {
        let offsets = self.offsets_of(feature);
        let range = offsets[0] as usize..offsets[self.batch] as usize;
        self.weights.as_ref().map(|weights| &weights[range])
    }

    /// Whether there are raw ids.
    pub(crate) fn is_raw(&self) -> bool {
        !self.raw.is_empty()
    }

    /// `ids` is the memory of the ids, if they have some already.
    fn upload_rows(
        mut self,
        ctx: &Context,
        schema: &Arc<Schema>,
        ids: Option<Buffer>,
    ) -> Result<JaggedBatch> {
        let windows = schema.windows.as_ref();
        let touched = windows.map(|windows| windows.touched(&schema.features, &self.ids, &self.counts));
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
        let parts: [&[u8]; 4] = [
            bytemuck::bytes_of(&Status::CLEAN),
            bytemuck::cast_slice(&self.offsets),
            if ids.is_some() { &[] } else { bytemuck::cast_slice(&self.ids) },
            self.weights.as_deref().map_or(&[], bytemuck::cast_slice),
        ];
        let given = if self.weights.is_some() { parts.len() } else { parts.len() - 1 };
        let mut buffers = Buffer::lent_together(ctx, &parts[..given])?.into_iter();
        let mut next =
            || buffers.next().ok_or_else(|| Error::invalid("batch", "memory for its parts", "less"));
        let (status, offsets, lent_ids) = (next()?, next()?, next()?);
        Ok(JaggedBatch::new(Inner {
            ctx: ctx.clone(),
            schema: schema.clone(),
            batch,
            status,
            offsets,
            ids_buffer: ids.unwrap_or(lent_ids),
            weights: self.weights.as_ref().map(|_| next()).transpose()?,
            only: self.only,
            examples: self.examples.iter().any(|&examples| examples != batch).then_some(self.examples),
            ids: self.offsets.last().copied().unwrap_or(0),
            longest,
            from_lengths: false,
            room: false,
            counts: Some(self.counts),
            touched,
            // out of range is an error unless such ids are skipped
            skipped: Some(self.skipped),
            raw: false,
            grounds: Vec::new(),
        }))
    }
}

impl Flat {
    /// In the layout of a KeyedJaggedTensor: `lengths[f * batch + b]` ids for each feature and example, one
    /// after the other in `values`, in the order of the features.
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
        let weights = weights.map(|weights| checked_weights("weights", weights, values.len())).transpose()?;
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
            let weights = weights.map(|weights| weights[at..at + count].to_vec());
            let mut jagged = Jagged::new(&values[at..at + count], lengths, weights);
            at += count;
            flat.end_early(&mut jagged);
            flat.push(schema, spec, jagged, batch)?;
        }
        Ok(flat)
    }

    /// [`Flat::from_lengths`] with offsets, one more than bags.
    pub(crate) fn from_offsets<I: Id, O: Offset>(
        schema: &Schema,
        values: &[I],
        offsets: &[O],
        weights: Option<&[f32]>,
    ) -> Result<Self> {
        let at = |i: usize| offsets[i].offset();
        let spans = spans(offsets.len(), at, values.len(), || "offsets".to_owned())?;
        let weights = weights.map(|weights| checked_weights("weights", weights, values.len())).transpose()?;
        let weights = weights.map(|weights| &weights[spans.values.clone()]);
        Self::from_lengths(schema, &values[spans.values], &spans.lengths, weights)
    }
}
