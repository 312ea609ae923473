//! The layer normalization of every token.

use super::linear::column_sums;
use super::optimizer::DenseOptimizer;
use super::parameter::{NamedTensor, Parameter};
use super::plan::{longest_sum, record, row_chunks};
use super::room::Room;
use super::scratch::dense_scratch;
use super::trained::{Trained, Training};
use crate::device::{Dispatch, word};
use crate::kernels::width::Width;
use crate::kernels::{layer_norm, layer_norm_grad};
use crate::{Context, Error, Matrix, Recorder, Result};

/// What is added to variances, as in torch.
const EPS: f32 = 1e-5;

/// The layer normalization (Ba et al., 2016) of every token: `(z - mean(z)) / sqrt(var(z) + 1e-5) * gain + bias`
/// over its `dim` values, as torch's `LayerNorm(dim)`, with its gradients and optimizer, and room for what its
/// backward pass needs. An example has `tokens` tokens one after the other in its row; `z` may be a sum.
///
/// ```
/// use embag::dense::LayerNorm;
/// use embag::optim::Adagrad;
/// use embag::{Context, Matrix, Recorder};
///
/// let ctx = Context::cpu();
/// let mut norm = LayerNorm::new(&ctx, 2, 4, 8, Adagrad::new(0.1))?;
/// let x = Matrix::from_slice(&ctx, &[1.0, 2.0, 3.0, 4.0, 5.0, 5.0, 5.0, 5.0], 1, 8)?;
/// let (out, dx) = (Matrix::zeros(&ctx, 1, 8)?, Matrix::zeros(&ctx, 1, 8)?);
///
/// let mut rec = Recorder::new(&ctx);
/// norm.record_forward(&mut rec, &x, &out)?;
/// norm.record_backward(&mut rec, &out, &dx)?; // here the loss is half of the sum of squares
/// norm.record_step(&mut rec)?;
/// rec.run()?;
/// let out = out.to_vec(&ctx)?;
/// assert!((out[0] + 1.3416).abs() < 1e-3);
/// assert_eq!(out[4..], [0.0; 4]);
/// # Ok::<(), embag::Error>(())
/// ```
#[derive(Debug)]
pub struct LayerNorm {
    /// `[2, dim]`: gain and bias.
    affine: Parameter,
    training: Training,
    tokens: usize,
    /// What is in front of the gain, `[max_batch, tokens * dim]` without gaps.
    normal: Matrix,
    /// 1 / sqrt(var + eps), `[max_batch, tokens]` without gaps.
    deviation: Matrix,
}

impl Trained for LayerNorm {
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

impl LayerNorm {
    /// For examples of `tokens` tokens of `dim` values, and batches of at most `max_batch`. Gains are one at first,
    /// and biases zero.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] for no tokens or values, more values than a software adapter sums, or senseless
    /// hyper-parameters; [`Error::LimitExceeded`] or [`Error::Device`] if the room for the batch cannot be had.
    pub fn new(
        ctx: &Context,
        tokens: usize,
        dim: usize,
        max_batch: usize,
        optimizer: impl Into<DenseOptimizer>,
    ) -> Result<Self> {
        Self::within(&mut Room::plain(ctx), (tokens, dim), max_batch, &optimizer.into())
    }

    /// [`LayerNorm::new`] in a room.
    pub(super) fn within(
        room: &mut Room,
        (tokens, dim): (usize, usize),
        max_batch: usize,
        optimizer: &DenseOptimizer,
    ) -> Result<Self> {
        let ctx = &room.ctx().clone();
        for (name, size) in [("tokens", tokens), ("dim", dim)] {
            if size == 0 {
                return Err(Error::invalid(name, "at least one", size));
            }
        }
        if layer_norm::iterations(dim) > longest_sum(ctx) {
            let expected =
                format!("rows whose sums take at most {} steps on a software adapter", longest_sum(ctx));
            return Err(Error::invalid("dim", expected, dim));
        }
        let affine = Parameter::new(room, "affine", (2, dim), 0, 0.0, optimizer, 0)?;
        affine.stored().row_part(0, 1).write(ctx, &vec![1.0; dim])?;
        Ok(Self {
            affine,
            training: Training::new(optimizer)?,
            tokens,
            normal: room.dense_activation(max_batch, tokens * dim)?,
            deviation: Matrix::zeros(ctx, max_batch, tokens)?,
        })
    }

    /// Tokens of an example.
    #[must_use]
    pub fn tokens(&self) -> usize {
        self.tokens
    }

    /// Values of a token.
    #[must_use]
    pub fn dim(&self) -> usize {
        self.affine.value.cols()
    }

    /// The largest batch that there is room for.
    #[must_use]
    pub fn max_batch(&self) -> usize {
        self.normal.rows()
    }

    /// `affine` of `[2, dim]`: gains, and biases.
    #[must_use]
    pub fn parameters(&self) -> [(&'static str, &Matrix); 1] {
        [(self.affine.name, &self.affine.value)]
    }

    /// The gradients of [`LayerNorm::parameters`] of the last [`LayerNorm::record_backward`].
    #[must_use]
    pub fn gradients(&self) -> [(&'static str, &Matrix); 1] {
        [(self.affine.name, &self.affine.grad)]
    }

    /// The optimizer.
    #[must_use]
    pub fn optimizer(&self) -> &DenseOptimizer {
        &self.training.optimizer
    }

    /// Sets the learning rate of the steps that are submitted from now on.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] for a negative one, or one that is not finite.
    pub fn set_lr(&mut self, lr: f32) -> Result<()> {
        self.training.set_lr(lr)
    }

    /// Records the norm of `x` of `[batch, tokens * dim]` into `out` of that shape; the batch may be smaller than
    /// the largest.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] for too large a batch or if a shape does not fit, [`Error::LimitExceeded`] if
    /// one row is too large for the device to bind.
    pub fn record_forward(&self, rec: &mut Recorder, x: &Matrix, out: &Matrix) -> Result<()> {
        self.check("x", x, x.rows())?;
        self.check("out", out, x.rows())?;
        rec.whole(|rec| self.forward(rec, None, None, x, out))
    }

    /// Records the norm of `x` and, added to it, of as many matrices of its shape as lie side by side in `parts`,
    /// of `[batch, n * tokens * dim]`.
    ///
    /// # Errors
    /// As [`LayerNorm::record_forward`].
    pub fn record_forward_sum(
        &self,
        rec: &mut Recorder,
        x: &Matrix,
        parts: &Matrix,
        out: &Matrix,
    ) -> Result<()> {
        self.check("x", x, x.rows())?;
        self.check("out", out, x.rows())?;
        let width = self.tokens * self.dim();
        if parts.cols() == 0 || !parts.cols().is_multiple_of(width) {
            let expected = format!("a multiple of {width} columns, tokens * dim");
            return Err(Error::invalid("parts", expected, parts.cols()));
        }
        parts.check_shape("parts", x.rows(), parts.cols())?;
        rec.whole(|rec| self.forward(rec, Some(parts), None, x, out))
    }

    /// Records the gradients of gains and biases (the sums over the batch, overwriting the last ones) and, into
    /// `dx`, of `x` and of each part, after [`LayerNorm::record_forward`] or [`LayerNorm::record_forward_sum`].
    /// `dout` is the gradient of the output.
    ///
    /// # Errors
    /// As [`LayerNorm::record_forward`].
    pub fn record_backward(&self, rec: &mut Recorder, dout: &Matrix, dx: &Matrix) -> Result<()> {
        self.check("dout", dout, dout.rows())?;
        self.check("dx", dx, dout.rows())?;
        rec.whole(|rec| rec.scope(|rec| self.backward(rec, dout, dx, None)))
    }

    fn check(&self, name: &str, matrix: &Matrix, rows: usize) -> Result<()> {
        matrix.check_shape(name, rows, self.tokens * self.dim())?;
        if rows > self.max_batch() {
            return Err(Error::invalid(name, format!("at most {} rows", self.max_batch()), rows));
        }
        Ok(())
    }

    /// Records one step of the optimizer with the gradients of the last [`LayerNorm::record_backward`]. It counts
    /// when it is submitted, and never if it is not.
    ///
    /// # Errors
    /// [`Error::Device`] if there is no memory.
    pub fn record_step(&mut self, rec: &mut Recorder) -> Result<()> {
        self.step_parameters(rec)
    }

    /// Everything a checkpoint must hold: `affine`, optimizer state (`affine.exp_avg`) and the number of steps.
    /// Blocks.
    ///
    /// # Errors
    /// [`Error::Device`] if the device fails.
    pub fn tensors(&self, ctx: &Context) -> Result<Vec<NamedTensor>> {
        self.export_with(ctx, "")
    }

    /// Takes up what [`LayerNorm::tensors`] gave; other names among `tensors` are left alone.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] if a tensor is missing or has the wrong shape; nothing is changed then.
    pub fn set_tensors(&mut self, ctx: &Context, tensors: &[NamedTensor]) -> Result<()> {
        let import = self.matched(tensors, "")?;
        self.take(ctx, import)
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
        let dim = self.dim();
        let together = together(&ctx, dim);
        let mut matrices = vec![dout, dz];
        matrices.extend(through);
        for rows in row_chunks(&ctx, &matrices) {
            let place = |name, matrix: &Matrix| matrix.row_part(rows.start, rows.len()).place(&ctx, name);
            let (normal, deviation) = (place("normal", &self.normal)?, place("deviation", &self.deviation)?);
            let affine = self.affine.value.place(&ctx, "affine")?;
            let (grad, out) = (place("dout", dout)?, place("dz", dz)?);
            // a multiple of those that are added up side by side
            let slices =
                (rows.len() * self.tokens).div_ceil(together as usize).next_multiple_of(SIDE_BY_SIDE);
            let sums = dense_scratch(rec, slices, 2 * dim)?;
            let of_sums = sums.place(&ctx, "slices")?;
            let mut vec4 = [&normal, &affine, &grad, &out, &of_sums].iter().all(|place| place.vec4);
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
                slices_base: of_sums.base,
                together,
                slices: word("slices", slices)?,
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
                slices: of_sums.binding,
                through,
            };
            let variant = Width::of(vec4 && dim.is_multiple_of(4)).variant();
            let groups = layer_norm_grad::groups(params.slices);
            rec.dispatch(Dispatch::new(variant, &params, bindings, groups));
            self.join(rec, &sums, rows.start > 0)?;
        }
        Ok(())
    }

    /// Records the gradients of gain and bias from their slices: first of several slices side by side, which are more
    /// columns to share out.
    fn join(&self, rec: &mut Recorder, slices: &Matrix, accumulate: bool) -> Result<()> {
        let (dim, ctx) = (self.dim(), rec.context().clone());
        let cols = SIDE_BY_SIDE * 2 * dim;
        let wide = Matrix::new(slices.buffer().clone(), slices.rows() / SIDE_BY_SIDE, cols, cols)?;
        let sums = dense_scratch(rec, SIDE_BY_SIDE, 2 * dim)?;
        let flat = Matrix::new(sums.buffer().clone(), 1, cols, cols)?;
        let mut all = Vec::new();
        for rows in row_chunks(&ctx, &[&wide]) {
            let part = wide.row_part(rows.start, rows.len());
            all.push(column_sums(&ctx, &part, &flat, rows.start > 0)?);
        }
        for row in 0..2 {
            let (part, out) = (sums.columns(row * dim, dim)?, self.affine.grad.row_part(row, 1));
            all.push(column_sums(&ctx, &part, &out, accumulate)?);
        }
        record(rec, all);
        Ok(())
    }
}

/// Slices of sums that are added up side by side.
const SIDE_BY_SIDE: usize = 16;

/// Tokens of a slice: fewer where a software adapter would end the loop over them.
fn together(ctx: &Context, dim: usize) -> u32 {
    let fitting = longest_sum(ctx) / layer_norm::iterations(dim).max(1);
    let mut together = layer_norm_grad::TOGETHER;
    while together > 1 && together as usize > fitting {
        together /= 2;
    }
    together
}
