//! The layer normalization of every token.

use super::block::{dense_scratch, scratch};
use crate::dense::DenseOptimizer;
use crate::dense::linear::column_sums;
use crate::dense::parameter::Parameter;
use crate::dense::plan::{longest_sum, record, row_chunks};
use crate::dense::trained::{Trained, Training};
use crate::device::{Dispatch, word};
use crate::kernels::width::Width;
use crate::kernels::{layer_norm, layer_norm_grad};
use crate::{Context, Error, Matrix, Recorder, Result};

/// What is added to variances, as in torch.
const EPS: f32 = 1e-5;

/// `(z - mean(z)) / sqrt(var(z) + 1e-5) * gain + bias` of every token's values, for the sum `z` of parts and a
/// shortcut.
#[derive(Debug)]
pub(super) struct Norm {
    /// `[2, dim]`: gain and bias.
    affine: Parameter,
    training: Training,
    tokens: usize,
    /// What is in front of the gain, `[max_batch, tokens * dim]` without gaps.
    normal: Matrix,
    /// 1 / sqrt(var + eps), `[max_batch, tokens]` without gaps.
    deviation: Matrix,
}

impl Trained for Norm {
    fn all(&self) -> Vec<&Parameter> {
        vec![&self.affine]
    }

    fn training(&self) -> &Training {
        &self.training
    }

    fn training_mut(&mut self) -> &mut Training {
        &mut self.training
    }
}

impl Norm {
    /// Gains of one, and biases of zero.
    pub(super) fn new(
        ctx: &Context,
        tokens: usize,
        dim: usize,
        max_batch: usize,
        optimizer: &DenseOptimizer,
    ) -> Result<Self> {
        if layer_norm::iterations(dim) > longest_sum(ctx) {
            let expected =
                format!("rows whose sums take at most {} steps on a software adapter", longest_sum(ctx));
            return Err(Error::invalid("dim", expected, dim));
        }
        let affine = Parameter::new(ctx, "affine", (2, dim), 0, 0.0, optimizer, 0)?;
        affine.value.row_part(0, 1).write(ctx, &vec![1.0; dim])?;
        Ok(Self {
            affine,
            training: Training::new(optimizer)?,
            tokens,
            normal: Matrix::zeros(ctx, max_batch, tokens * dim)?,
            deviation: Matrix::zeros(ctx, max_batch, tokens)?,
        })
    }

    fn dim(&self) -> usize {
        self.affine.value.cols()
    }

    /// Records the norm of the shortcut and, added to it, as many parts as lie side by side in
    /// `parts`, each by its weight if there are some.
    pub(super) fn forward(
        &self,
        rec: &mut Recorder,
        parts: Option<&Matrix>,
        weights: Option<&Matrix>,
        shortcut: &Matrix,
        out: &Matrix,
    ) -> Result<()> {
        let ctx = rec.context().clone();
        let width = self.tokens * self.dim();
        let mut all = Vec::new();
        let normal = self.normal.row_part(0, out.rows());
        let mut matrices = vec![shortcut, out, &normal];
        matrices.extend(parts);
        for rows in row_chunks(&ctx, &matrices) {
            let place = |name, matrix: &Matrix| matrix.row_part(rows.start, rows.len()).place(&ctx, name);
            let (normal, deviation) = (place("normal", &self.normal)?, place("deviation", &self.deviation)?);
            let affine = self.affine.value.place(&ctx, "affine")?;
            // something has to be bound where there are none
            let of_parts = place("parts", parts.unwrap_or(shortcut))?;
            let (shortcut, out) = (place("shortcut", shortcut)?, place("out", out)?);
            let vec4 = [&normal, &affine, &of_parts, &shortcut, &out].iter().all(|place| place.vec4);
            let mut params = layer_norm::Params {
                rows: word("tokens", rows.len() * self.tokens)?,
                cols: word("dim", self.dim())?,
                tokens: word("tokens", self.tokens)?,
                parts: word("parts", parts.map_or(0, |parts| parts.cols() / width))?,
                part_step: word("parts", width)?,
                parts_base: of_parts.base,
                parts_stride: of_parts.stride,
                shortcut_base: shortcut.base,
                shortcut_stride: shortcut.stride,
                out_base: out.base,
                out_stride: out.stride,
                normal_base: normal.base,
                deviation_base: deviation.base,
                affine_base: affine.base,
                affine_stride: affine.stride,
                eps: EPS,
                ..layer_norm::Params::default()
            };
            let weights = match weights {
                Some(weights) => {
                    let place = weights.place(&ctx, "weights")?;
                    (params.weighted, params.weights_base) = (1, place.base);
                    place.binding
                }
                None => rec.scratch("embag.nothing", 16)?,
            };
            let bindings = layer_norm::Bindings {
                parts: of_parts.binding,
                weights,
                shortcut: shortcut.binding,
                affine: affine.binding,
                out: out.binding,
                normal: normal.binding,
                deviation: deviation.binding,
            };
            let variant = Width::of(vec4 && self.dim().is_multiple_of(4)).variant();
            all.push(Dispatch::new(variant, &params, bindings, layer_norm::groups(params.rows)));
        }
        record(rec, all);
        Ok(())
    }

    /// Records the gradients of gain and bias and, into `dz` and where it is given `through`, of the sum.
    pub(super) fn backward(
        &self,
        rec: &mut Recorder,
        dout: &Matrix,
        dz: &Matrix,
        through: Option<&Matrix>,
    ) -> Result<()> {
        if dout.rows() == 0 {
            self.clear_gradients(rec);
            return Ok(());
        }
        let ctx = rec.context().clone();
        let (dim, width) = (self.dim(), self.tokens * self.dim());
        let spread = dense_scratch(rec, dout.rows(), width)?;
        let mut all = Vec::new();
        let mut matrices = vec![dout, dz, &spread];
        matrices.extend(through);
        for rows in row_chunks(&ctx, &matrices) {
            let place = |name, matrix: &Matrix| matrix.row_part(rows.start, rows.len()).place(&ctx, name);
            let (normal, deviation) = (place("normal", &self.normal)?, place("deviation", &self.deviation)?);
            let affine = self.affine.value.place(&ctx, "affine")?;
            let (grad, out, spread) = (place("dout", dout)?, place("dz", dz)?, place("spread", &spread)?);
            let mut vec4 = [&normal, &affine, &grad, &out, &spread].iter().all(|place| place.vec4);
            let mut params = layer_norm_grad::Params {
                rows: word("tokens", rows.len() * self.tokens)?,
                cols: word("dim", dim)?,
                tokens: word("tokens", self.tokens)?,
                grad_base: grad.base,
                grad_stride: grad.stride,
                out_base: out.base,
                out_stride: out.stride,
                affine_base: affine.base,
                normal_base: normal.base,
                deviation_base: deviation.base,
                spread_base: spread.base,
                ..layer_norm_grad::Params::default()
            };
            let through = match through {
                Some(through) => {
                    let through = place("dx", through)?;
                    (params.through_base, params.through_stride) = (through.base, through.stride);
                    params.passes = 1;
                    vec4 &= through.vec4;
                    through.binding
                }
                None => rec.scratch("embag.nothing", 16)?,
            };
            let bindings = layer_norm_grad::Bindings {
                grad: grad.binding,
                normal: normal.binding,
                deviation: deviation.binding,
                affine: affine.binding,
                out: out.binding,
                spread: spread.binding,
                through,
            };
            let variant = Width::of(vec4 && dim.is_multiple_of(4)).variant();
            all.push(Dispatch::new(variant, &params, bindings, layer_norm::groups(params.rows)));
        }
        record(rec, all);
        for (row, terms) in [&spread, dout].into_iter().enumerate() {
            self.sum_tokens(rec, terms, &self.affine.grad.row_part(row, 1))?;
        }
        Ok(())
    }

    /// Records the sums of every value over all tokens: first over examples, which has more columns to share out.
    fn sum_tokens(&self, rec: &mut Recorder, terms: &Matrix, out: &Matrix) -> Result<()> {
        let (dim, width) = (self.dim(), self.tokens * self.dim());
        let sums = scratch(rec, 1, width)?;
        let ctx = rec.context().clone();
        let mut all = Vec::new();
        for rows in row_chunks(&ctx, &[terms]) {
            let part = terms.row_part(rows.start, rows.len());
            all.push(column_sums(&ctx, &part, &sums, rows.start > 0)?);
        }
        let by_tokens = Matrix::new(sums.buffer().clone(), self.tokens, dim, dim)?;
        for rows in row_chunks(&ctx, &[&by_tokens]) {
            let part = by_tokens.row_part(rows.start, rows.len());
            all.push(column_sums(&ctx, &part, out, rows.start > 0)?);
        }
        record(rec, all);
        Ok(())
    }
}
