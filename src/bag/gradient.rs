//! Where the gradient of the output lies, and how kernels get at it.

use super::section::Member;
use super::{Gradients, JaggedBatch};
use crate::cast::record_f32;
use crate::device::{Buffer, Context, Dispatch, Matrix, Recorder};
use crate::kernels::copy_rows;
use crate::kernels::width::Width;
use crate::numbers::narrow;
use crate::{Error, Result};

/// The gradient of each feature's output.
pub(crate) struct Gradient {
    /// For each feature; views of one matrix or matrices of their own.
    features: Vec<Matrix>,
    /// Whether it has a row for each position, whatever the feature's pooling.
    spread: Vec<bool>,
    /// Whether one binding holds them all where they are.
    pub(crate) fits: bool,
}

/// The gradients of a section's features in one binding.
pub(crate) struct Bound {
    pub(crate) buffer: Buffer,
    /// For each feature of the section the element where it begins, and elements from row to row.
    pub(crate) places: Vec<(u32, u32)>,
    /// For each whether it has a row for each position, whatever the feature's pooling.
    pub(super) spread: Vec<bool>,
}

impl Bound {
    /// Whether rows may be read four columns at a time.
    pub(crate) fn vec4(&self) -> bool {
        self.places.iter().all(|(base, stride)| base % 4 == 0 && stride % 4 == 0)
    }
}

impl Gradient {
    /// Of matrices that fit the batch; records that those of 16 bits are widened.
    pub(crate) fn new(rec: &mut Recorder, batch: &JaggedBatch, grad: Gradients<'_>) -> Result<Self> {
        let specs = &batch.inner.schema.features;
        let mut features = vec![None; specs.len()];
        for (matrix, there) in grad.placed(batch) {
            let matrix = record_f32(rec, &matrix)?;
            for (f, first) in there {
                features[f] = Some(matrix.columns(first as usize, specs[f].shape.dim as usize)?);
            }
        }
        // a feature that the batch is not of has no rows
        let Some(any) = features.iter().flatten().next() else {
            return Err(Error::invalid("grad", "the gradient of a feature", "none"));
        };
        let nothing = any.row_range(0, 0)?;
        let features: Vec<Matrix> =
            features.into_iter().map(|matrix| matrix.unwrap_or_else(|| nothing.clone())).collect();
        let fits = in_place(rec.context(), features.iter().map(Some)).is_some();
        let spread = vec![false; features.len()];
        Ok(Self { features, spread, fits })
    }

    pub(crate) fn feature(&self, feature: usize) -> &Matrix {
        &self.features[feature]
    }

    /// Puts a gradient with a row for each position in the place of a feature's.
    pub(crate) fn replace(&mut self, ctx: &Context, feature: usize, matrix: Matrix) {
        (self.features[feature], self.spread[feature]) = (matrix, true);
        self.fits = in_place(ctx, self.features.iter().map(Some)).is_some();
    }

    /// Bytes of a feature's gradient without gaps.
    pub(super) fn packed_bytes(&self, feature: usize) -> u64 {
        let Matrix { rows, cols, .. } = self.features[feature];
        (rows as u64 * cols as u64).next_multiple_of(4) * 4
    }

    /// The gradients of some features, which `ids` ids are read from: where they are if one binding holds
    /// them, else copied next to each other.
    pub(crate) fn bind(&self, rec: &mut Recorder, members: &[Member], ids: u32) -> Result<Bound> {
        let (buffer, places) = match in_place(rec.context(), self.of(members)) {
            Some(there) if !(rec.context().is_cpu() && self.worth_packing(members, ids)) => there,
            _ => self.packed(rec, members)?,
        };
        let spread = members.iter().map(|member| self.spread[member.feature]).collect();
        Ok(Bound { buffer, places, spread })
    }

    /// Whether rows with gaps between them are read so often that they had better lie together: in large
    /// strides they would share few places of a cache.
    fn worth_packing(&self, members: &[Member], ids: u32) -> bool {
        let rows: usize = self.of(members).flatten().map(|matrix| matrix.rows).sum();
        let gaps = self.of(members).flatten().any(|matrix| matrix.stride > matrix.cols);
        gaps && ids as usize >= 4 * rows
    }

    /// The gradient of each member's feature; `None` where the member is not in use.
    fn of<'a>(&'a self, members: &'a [Member]) -> impl Iterator<Item = Option<&'a Matrix>> + Clone {
        members.iter().map(|member| member.in_use.then(|| &self.features[member.feature]))
    }

    fn packed(&self, rec: &mut Recorder, members: &[Member]) -> Result<(Buffer, Places)> {
        let in_use = members.iter().filter(|member| member.in_use);
        let total = in_use.map(|member| self.packed_bytes(member.feature)).sum();
        let limit = rec.context().limits().binding;
        if total > limit {
            return Err(Error::LimitExceeded {
                what: "the gradient of a table's features".to_owned(),
                needed: total,
                limit,
                hint: "use a smaller batch, or one whose counts the host knows",
            });
        }
        let buffer = rec.scratch("embag.grads", total)?;
        let mut places = Vec::with_capacity(members.len());
        let mut end = 0;
        for source in self.of(members) {
            let Some(source) = source else {
                places.push((0, 0));
                continue;
            };
            places.push((narrow(end), narrow(source.cols as u64)));
            copy(rec, source, &buffer, end)?;
            end = (end + source.rows as u64 * source.cols as u64).next_multiple_of(4);
        }
        Ok((buffer, places))
    }
}

/// For each feature the element where its gradient begins, and elements from row to row.
type Places = Vec<(u32, u32)>;

/// Where gradients lie in one binding, if they can.
fn in_place<'a>(
    ctx: &Context,
    features: impl Iterator<Item = Option<&'a Matrix>> + Clone,
) -> Option<(Buffer, Places)> {
    let limits = ctx.limits();
    let mut there = features.clone().flatten().filter(|matrix| matrix.span() > 0);
    let memory = &there.clone().next()?.buffer;
    let begin = there.clone().map(|matrix| matrix.buffer.offset).min()? / limits.alignment * limits.alignment;
    let end = there.clone().map(|matrix| matrix.buffer.offset + matrix.span()).max()?;
    if end - begin > limits.binding || !there.all(|matrix| matrix.buffer.same_memory(memory)) {
        return None;
    }
    let place = |matrix: Option<&Matrix>| match matrix {
        Some(matrix) if matrix.span() > 0 => {
            (narrow((matrix.buffer.offset - begin) / 4), narrow(matrix.stride as u64))
        }
        _ => (0, 0),
    };
    let places = features.map(place).collect();
    Some((Buffer { offset: begin, size: end - begin, ..memory.clone() }, places))
}

/// Copies a gradient without gaps to where element `first` of `out` is.
fn copy(rec: &mut Recorder, source: &Matrix, out: &Buffer, first: u64) -> Result<()> {
    let step = source.rows_at_once(rec.context());
    for row in (0..source.rows).step_by(step) {
        let rows = step.min(source.rows - row);
        let place = source.row_part(row, rows).place(rec.context(), "grad")?;
        let (cols, base) = (source.cols as u64, first + row as u64 * source.cols as u64);
        let vec4 = place.vec4 && cols.is_multiple_of(4) && base.is_multiple_of(4);
        let width = Width::of(vec4);
        let (variant, width) = (width.variant(), width.columns());
        let params = copy_rows::Params {
            rows: narrow(rows as u64),
            cols: narrow(cols / u64::from(width)),
            source_base: place.base / width,
            source_stride: place.stride / width,
            out_base: narrow(base / u64::from(width)),
            out_stride: narrow(cols / u64::from(width)),
        };
        let threads = params.rows * params.cols;
        let bindings = copy_rows::Bindings { source: place.binding, out: out.clone() };
        rec.dispatch(Dispatch::threads(variant, &params, bindings, threads));
    }
    Ok(())
}
