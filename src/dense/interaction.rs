//! The interaction of features.

use std::num::NonZeroU32;

use super::plan::{record, row_chunks};
use crate::device::{Dispatch, word};
use crate::kernel::Shape;
use crate::kernels::{interaction, interaction_grad};
use crate::{Error, Matrix, Recorder, Result};

/// Dot products between all features of an example, as in DLRM (Naumov et al., 2019).
///
/// An example's input is `features` vectors of `dim` values side by side. Its output is the first of them (if
/// `dense_part`), then the dot products of the pairs (1, 0), (2, 0), (2, 1), (3, 0) and so on; with
/// `self_interaction` (0, 0), (1, 0), (1, 1), (2, 0) and so on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Interaction {
    /// Vectors of an example.
    pub features: usize,
    /// Values of a vector.
    pub dim: usize,
    /// Whether a vector's product with itself is among the outputs.
    pub self_interaction: bool,
    /// Whether the output begins with a copy of the first vector.
    pub dense_part: bool,
}

impl Interaction {
    /// Columns of the input: `features * dim`, or the largest number if that is more.
    #[must_use]
    pub fn in_cols(&self) -> usize {
        self.features.saturating_mul(self.dim)
    }

    /// Columns of the output, or the largest number if they are more.
    #[must_use]
    pub fn out_cols(&self) -> usize {
        let n = self.features as u128;
        let pairs = if self.self_interaction { n * (n + 1) / 2 } else { n * n.saturating_sub(1) / 2 };
        let all = pairs + if self.dense_part { self.dim as u128 } else { 0 };
        usize::try_from(all).unwrap_or(usize::MAX)
    }

    /// Records the forward pass for `x` of `[batch, in_cols]` into `out` of `[batch, out_cols]`.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] if there is no feature, value or output, or a shape does not fit;
    /// [`Error::LimitExceeded`] if one row is too large for the device to bind.
    pub fn record_forward(&self, rec: &mut Recorder, x: &Matrix, out: &Matrix) -> Result<()> {
        let all = self.plan_forward(rec, x, out)?;
        record(rec, all);
        Ok(())
    }

    pub(super) fn plan_forward(&self, rec: &Recorder, x: &Matrix, out: &Matrix) -> Result<Vec<Dispatch>> {
        self.validate()?;
        x.check_shape("x", x.rows(), self.in_cols())?;
        out.check_shape("out", x.rows(), self.out_cols())?;
        let ctx = rec.context().clone();
        let mut all = Vec::new();
        for rows in row_chunks(&ctx, &[x, out]) {
            let [x, out] = [x, out].map(|matrix| matrix.row_part(rows.start, rows.len()));
            let (x, out) = (x.place(&ctx, "x")?, out.place(&ctx, "out")?);
            let (features, dim) = (word("features", self.features)?, word("dim", self.dim)?);
            let together = interaction::together(features, dim).filter(|_| ctx.shape() == Shape::Wide);
            let params = interaction::Params {
                rows: word("rows", rows.len())?,
                features,
                dim,
                input_base: x.base,
                input_stride: x.stride,
                out_base: out.base,
                out_stride: out.stride,
                dense_part: self.dense_part.into(),
                diagonal: self.self_interaction.into(),
                together: together.map_or(1, NonZeroU32::get),
            };
            let variant = interaction::variant(x.vec4 && self.dim.is_multiple_of(4), together.is_some());
            let groups = interaction::groups(together.is_some(), &params);
            let bindings = interaction::Bindings { input: x.binding, out: out.binding };
            all.push(Dispatch::new(variant, &params, bindings, groups));
        }
        Ok(all)
    }

    /// Records the gradient with respect to the input, for `x` of the forward pass and the gradient `dout` of
    /// its output. All of `dx` is overwritten.
    ///
    /// # Errors
    /// As [`Interaction::record_forward`].
    pub fn record_backward(&self, rec: &mut Recorder, x: &Matrix, dout: &Matrix, dx: &Matrix) -> Result<()> {
        let all = self.plan_backward(rec, x, dout, dx, false)?;
        record(rec, all);
        Ok(())
    }

    /// [`Interaction::record_backward`], or added to `dx` if `accumulate`.
    pub(super) fn plan_backward(
        &self,
        rec: &Recorder,
        x: &Matrix,
        dout: &Matrix,
        dx: &Matrix,
        accumulate: bool,
    ) -> Result<Vec<Dispatch>> {
        self.validate()?;
        x.check_shape("x", x.rows(), self.in_cols())?;
        dout.check_shape("dout", x.rows(), self.out_cols())?;
        dx.check_shape("dx", x.rows(), self.in_cols())?;
        let ctx = rec.context().clone();
        let mut all = Vec::new();
        for rows in row_chunks(&ctx, &[x, dout, dx]) {
            let [x, dout, dx] = [x, dout, dx].map(|matrix| matrix.row_part(rows.start, rows.len()));
            let (x, out) = (x.place(&ctx, "x")?, dx.place(&ctx, "dx")?);
            let grad = dout.place(&ctx, "dout")?;
            let (features, dim) = (word("features", self.features)?, word("dim", self.dim)?);
            let together = interaction_grad::together(features, dim).filter(|_| ctx.shape() == Shape::Wide);
            let params = interaction_grad::Params {
                rows: word("rows", rows.len())?,
                features,
                dim,
                input_base: x.base,
                input_stride: x.stride,
                grad_base: grad.base,
                grad_stride: grad.stride,
                out_base: out.base,
                out_stride: out.stride,
                dense_part: self.dense_part.into(),
                diagonal: self.self_interaction.into(),
                accumulate: accumulate.into(),
                together: together.map_or(1, NonZeroU32::get),
            };
            let vec4 = x.vec4 && out.vec4 && self.dim.is_multiple_of(4);
            let bindings =
                interaction_grad::Bindings { input: x.binding, grad: grad.binding, out: out.binding };
            let variant = interaction_grad::variant(vec4, together.is_some());
            let groups = interaction_grad::groups(together.is_some(), &params);
            all.push(Dispatch::new(variant, &params, bindings, groups));
        }
        Ok(all)
    }

    fn validate(&self) -> Result<()> {
        if self.features == 0 || self.dim == 0 || self.out_cols() == 0 {
            return Err(Error::invalid(
                "interaction",
                "at least one feature, value and output",
                format!("{self:?}"),
            ));
        }
        Ok(())
    }
}
