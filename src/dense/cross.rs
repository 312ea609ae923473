//! A cross layer.

use std::ops::Range;

use super::linear::column_sums;
use super::optimizer::DenseOptimizer;
use super::parameter::{NamedTensor, Parameter};
use super::plan::{record, row_chunks};
use super::product::{Epilogue, product};
use super::room::Room;
use super::scratch::scratch;
use super::trained::{Trained, Training};
use crate::device::word;
use crate::device::{Dispatch, Place};
use crate::kernels::linear::Layout;
use crate::kernels::width::Width;
use crate::kernels::{cross, cross_grad};
use crate::{Context, Error, Matrix, Recorder, Result};

/// A cross layer of DCN-v2 (Wang et al., "DCN V2: Improved deep & cross network", 2021) with its gradients
/// and optimizer, and room for what its backward pass needs.
///
/// Of full rank it is `out = x0 * (weight x + bias) + x` for each example, with `weight` of `[width, width]`;
/// of low rank `out = x0 * (u (v x) + bias) + x`, with `v` of `[rank, width]` and `u` of `[width, rank]`.
/// `x0` is the input of the first of several layers, `x` that of this one; `*` is by elements.
#[derive(Debug)]
pub struct CrossLayer {
    /// `v` and room for `v x`, if the rank is low.
    low: Option<(Parameter, Matrix)>,
    /// `weight` or `u`.
    up: Parameter,
    bias: Parameter,
    training: Training,
    /// Room for `weight x` or `u (v x)`.
    product: Matrix,
    /// Whether `x` is added.
    skip: bool,
}

impl Trained for CrossLayer {
    fn all(&self) -> Vec<&Parameter> {
        self.low.iter().map(|(v, _)| v).chain([&self.up, &self.bias]).collect()
    }

    fn training(&self) -> &Training {
        &self.training
    }

    fn training_mut(&mut self) -> &mut Training {
        &mut self.training
    }
}

/// Where a layer stands in the backward pass of a stack.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Turn {
    /// No layer had its turn before: the gradient of `x0` is overwritten, not added to.
    pub(super) first: bool,
    /// The layer's `x` is `x0`, and so is its gradient.
    pub(super) last: bool,
}

impl CrossLayer {
    /// A layer for `width` columns and batches of at most `max_batch`, of low rank where one is given.
    /// Parameters are uniform as those of [`Linear`](super::Linear): within `1 / sqrt(width)`, but `u` and
    /// the bias behind it within `1 / sqrt(rank)`. They depend on the seed alone, not on the device.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] for no columns, a rank of 0 or senseless hyper-parameters,
    /// [`Error::LimitExceeded`] if a parameter or its state is too large for the device to bind, or the room
    /// for the batch too large to be had.
    pub fn new(
        ctx: &Context,
        width: usize,
        rank: Option<usize>,
        max_batch: usize,
        optimizer: impl Into<DenseOptimizer>,
        seed: u64,
    ) -> Result<Self> {
        Self::within(&mut Room::plain(ctx), width, rank, max_batch, &optimizer.into(), seed)
    }

    /// [`CrossLayer::new`] in a room.
    pub(super) fn within(
        room: &mut Room,
        width: usize,
        rank: Option<usize>,
        max_batch: usize,
        optimizer: &DenseOptimizer,
        seed: u64,
    ) -> Result<Self> {
        if width == 0 || rank == Some(0) {
            let got = format!("{width} columns, rank {rank:?}");
            return Err(Error::invalid("cross layer", "at least one column, and a rank of at least 1", got));
        }
        let training = Training::new(optimizer)?;
        let scale = |inputs: usize| 1.0 / f32::sqrt(inputs as f32);
        let mut parameter = |name, shape, first_row, inputs| {
            Parameter::new(room, name, shape, first_row, scale(inputs), optimizer, seed)
        };
        // every parameter's rows are numbered behind those of the one before, so that no number comes twice
        let (low, up, bias) = match rank {
            None => {
                let weight = parameter("weight", (width, width), 0, width)?;
                (None, weight, parameter("bias", (1, width), width, width)?)
            }
            Some(rank) => {
                let v = parameter("v", (rank, width), 0, width)?;
                let u = parameter("u", (width, rank), rank, rank)?;
                (Some(v), u, parameter("bias", (1, width), rank + width, rank)?)
            }
        };
        let low = match (low, rank) {
            (Some(v), Some(rank)) => Some((v, room.activation(max_batch, rank)?)),
            _ => None,
        };
        let product = room.activation(max_batch, width)?;
        Ok(Self { low, up, bias, training, product, skip: true })
    }

    /// The same layer, but `x` is not added to its output.
    pub(super) fn without_skip(self) -> Self {
        Self { skip: false, ..self }
    }

    /// Columns of the inputs and of the output.
    #[must_use]
    pub fn width(&self) -> usize {
        self.bias.value.cols()
    }

    /// The rank, if it is a low one.
    #[must_use]
    pub fn rank(&self) -> Option<usize> {
        self.low.as_ref().map(|(v, _)| v.value.rows())
    }

    /// The largest batch that there is room for.
    #[must_use]
    pub fn max_batch(&self) -> usize {
        self.product.rows()
    }

    /// The parameters by name: `weight` and `bias`, or `v`, `u` and `bias`.
    #[must_use]
    pub fn parameters(&self) -> Vec<(&'static str, &Matrix)> {
        self.all().into_iter().map(|parameter| (parameter.name, &parameter.value)).collect()
    }

    /// The parameters' gradients of the last [`CrossLayer::record_backward`], in the order of
    /// [`CrossLayer::parameters`].
    #[must_use]
    pub fn gradients(&self) -> Vec<(&'static str, &Matrix)> {
        self.all().into_iter().map(|parameter| (parameter.name, &parameter.grad)).collect()
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

    /// Records the layer for `x0`, `x` and `out` of `[batch, width]`; `x` may be `x0`. The batch may be
    /// smaller than the largest.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] for too large a batch or if a shape does not fit, [`Error::LimitExceeded`]
    /// if one row is too large for the device to bind.
    pub fn record_forward(&self, rec: &mut Recorder, x0: &Matrix, x: &Matrix, out: &Matrix) -> Result<()> {
        let dispatches = self.plan_forward(rec, x0, x, out)?;
        record(rec, dispatches);
        Ok(())
    }

    pub(super) fn plan_forward(
        &self,
        rec: &mut Recorder,
        x0: &Matrix,
        x: &Matrix,
        out: &Matrix,
    ) -> Result<Vec<Dispatch>> {
        let batch = self.batch(x0)?;
        x.check_shape("x", batch, self.width())?;
        out.check_shape("out", batch, self.width())?;
        let ctx = rec.context().clone();
        let none = Epilogue::default();
        let inner = self.product.row_part(0, batch);
        let mut all = Vec::new();
        match self.low_rank(0..batch) {
            Some((v, low)) => {
                all.extend(product(rec, Layout::Nt, x, &v.value, &low, none)?);
                all.extend(product(rec, Layout::Nt, &low, &self.up.value, &inner, none)?);
            }
            None => all.extend(product(rec, Layout::Nt, x, &self.up.value, &inner, none)?),
        }
        for rows in row_chunks(&ctx, &[x0, x, &inner, out]) {
            let place = |name, matrix: &Matrix| matrix.row_part(rows.start, rows.len()).place(&ctx, name);
            let (x0, x) = (place("x0", x0)?, place("x", x)?);
            let (inner, out) = (place("product", &inner)?, place("out", out)?);
            let bias = self.bias.value.place(&ctx, "bias")?;
            let (variant, width) = self.variant(&[&x0, &x, &inner, &bias, &out]);
            let params = cross::Params {
                rows: word("rows", rows.len())?,
                cols: word("columns", self.width())? / width,
                x0_base: x0.base / width,
                x0_stride: x0.stride / width,
                x_base: x.base / width,
                x_stride: x.stride / width,
                product_base: inner.base / width,
                product_stride: inner.stride / width,
                bias_base: bias.base / width,
                out_base: out.base / width,
                out_stride: out.stride / width,
                skip: self.skip.into(),
            };
            let bindings = cross::Bindings {
                x0: x0.binding,
                x: x.binding,
                product: inner.binding,
                bias: bias.binding,
                out: out.binding,
            };
            let threads = params.rows * params.cols;
            all.push(Dispatch::threads(variant, &params, bindings, threads));
        }
        Ok(all)
    }

    /// Records the gradients of the parameters (the sums over the batch, overwriting the last ones) and of
    /// both inputs, after [`CrossLayer::record_forward`] for the same `x0` and `x`.
    ///
    /// All are `[batch, width]`. `dy` is the gradient of the output and is overwritten with that of `x`; the
    /// gradient of `x0` is added to `dx0`.
    ///
    /// # Errors
    /// As [`CrossLayer::record_forward`].
    pub fn record_backward(
        &self,
        rec: &mut Recorder,
        x0: &Matrix,
        x: &Matrix,
        dy: &Matrix,
        dx0: &Matrix,
    ) -> Result<()> {
        rec.whole(|rec| self.record_turn(rec, x0, x, dy, dx0, Turn::default()))
    }

    /// [`CrossLayer::record_backward`] in its turn. If it fails, some of it may have been recorded.
    pub(super) fn record_turn(
        &self,
        rec: &mut Recorder,
        x0: &Matrix,
        x: &Matrix,
        dy: &Matrix,
        dx0: &Matrix,
        turn: Turn,
    ) -> Result<()> {
        let batch = self.batch(x0)?;
        x.check_shape("x", batch, self.width())?;
        dy.check_shape("dy", batch, self.width())?;
        dx0.check_shape("dx0", batch, self.width())?;
        if batch == 0 {
            self.clear_gradients(rec);
        }
        let inner = self.product.row_part(0, batch);
        let mut matrices = vec![x0, x, &inner, dy, dx0];
        matrices.extend(self.low.iter().map(|(_, low)| low));
        for rows in row_chunks(rec.context(), &matrices) {
            let [x0, x, inner, dy, dx0] =
                [x0, x, &inner, dy, dx0].map(|matrix| matrix.row_part(rows.start, rows.len()));
            let low = self.low_rank(rows.clone());
            // the next chunk, or layer, may have the memory of this one's gradient
            rec.scope(|rec| {
                let inner_grad = scratch(rec, rows.len(), self.width())?;
                let dispatch = self.elementwise(rec.context(), &dy, &x0, &inner, &inner_grad, &dx0, turn)?;
                rec.dispatch(dispatch);
                let dx = if turn.last { &dx0 } else { &dy };
                self.record_products(rec, &x, low, &inner_grad, dx, rows.start > 0)
            })?;
        }
        Ok(())
    }

    /// The gradients of the product and of `x0`, for rows that can be bound.
    #[allow(clippy::too_many_arguments, reason = "what the kernel binds")]
    fn elementwise(
        &self,
        ctx: &Context,
        dy: &Matrix,
        x0: &Matrix,
        inner: &Matrix,
        inner_grad: &Matrix,
        dx0: &Matrix,
        turn: Turn,
    ) -> Result<Dispatch> {
        let rows = word("rows", x0.rows())?;
        let (grad, x0) = (dy.place(ctx, "dy")?, x0.place(ctx, "x0")?);
        let (inner, bias) = (inner.place(ctx, "product")?, self.bias.value.place(ctx, "bias")?);
        let (inner_grad, out) = (inner_grad.place(ctx, "product_grad")?, dx0.place(ctx, "dx0")?);
        let (variant, width) = self.variant(&[&grad, &x0, &inner, &bias, &inner_grad, &out]);
        let params = cross_grad::Params {
            rows,
            cols: word("columns", self.width())? / width,
            grad_base: grad.base / width,
            grad_stride: grad.stride / width,
            x0_base: x0.base / width,
            x0_stride: x0.stride / width,
            product_base: inner.base / width,
            product_stride: inner.stride / width,
            bias_base: bias.base / width,
            product_grad_base: inner_grad.base / width,
            product_grad_stride: inner_grad.stride / width,
            x0_grad_base: out.base / width,
            x0_grad_stride: out.stride / width,
            through: (turn.last && self.skip).into(),
            accumulate: (!turn.first).into(),
        };
        let bindings = cross_grad::Bindings {
            grad: grad.binding,
            x0: x0.binding,
            product: inner.binding,
            bias: bias.binding,
            product_grad: inner_grad.binding,
            x0_grad: out.binding,
        };
        let threads = params.rows * params.cols;
        Ok(Dispatch::threads(variant, &params, bindings, threads))
    }

    /// From the gradient of the product those of the parameters, added to what is there if `accumulate`, and
    /// that of `x`, added to `dx`.
    fn record_products(
        &self,
        rec: &mut Recorder,
        x: &Matrix,
        low: Option<(&Parameter, Matrix)>,
        inner_grad: &Matrix,
        dx: &Matrix,
        accumulate: bool,
    ) -> Result<()> {
        let sums = Epilogue { accumulate, ..Epilogue::default() };
        let added = Epilogue { accumulate: true, ..Epilogue::default() };
        let mut all = vec![column_sums(rec.context(), inner_grad, &self.bias.grad, accumulate)?];
        match low {
            Some((v, low)) => {
                let low_grad = scratch(rec, low.rows(), low.cols())?;
                all.extend(product(rec, Layout::Tn, inner_grad, &low, &self.up.grad, sums)?);
                let none = Epilogue::default();
                all.extend(product(rec, Layout::Nn, inner_grad, &self.up.value, &low_grad, none)?);
                all.extend(product(rec, Layout::Tn, &low_grad, x, &v.grad, sums)?);
                all.extend(product(rec, Layout::Nn, &low_grad, &v.value, dx, added)?);
            }
            None => {
                all.extend(product(rec, Layout::Tn, inner_grad, x, &self.up.grad, sums)?);
                all.extend(product(rec, Layout::Nn, inner_grad, &self.up.value, dx, added)?);
            }
        }
        record(rec, all);
        Ok(())
    }

    /// Rows of `x0`, if it fits.
    fn batch(&self, x0: &Matrix) -> Result<usize> {
        x0.check_shape("x0", x0.rows(), self.width())?;
        if x0.rows() > self.max_batch() {
            return Err(Error::invalid("x0", format!("at most {} rows", self.max_batch()), x0.rows()));
        }
        Ok(x0.rows())
    }

    /// `v`, and the room for `v x` of some rows.
    fn low_rank(&self, rows: Range<usize>) -> Option<(&Parameter, Matrix)> {
        self.low.as_ref().map(|(v, low)| (v, low.row_part(rows.start, rows.len())))
    }

    /// The variant of the elementwise kernels, and its width.
    fn variant(&self, places: &[&Place]) -> (usize, u32) {
        // what lies between rows must not be written
        let vec4 = places.iter().all(|place| place.vec4) && self.width().is_multiple_of(4);
        let width = Width::of(vec4);
        (width.variant(), width.columns())
    }

    /// Records one step of the optimizer with the gradients of the last [`CrossLayer::record_backward`]. It
    /// counts when it is submitted, and never if it is not.
    ///
    /// # Errors
    /// [`Error::Device`] if there is no memory.
    pub fn record_step(&mut self, rec: &mut Recorder) -> Result<()> {
        self.step_parameters(rec)
    }

    /// Everything a checkpoint must hold: parameters, optimizer state (`weight.exp_avg`) and the number of
    /// steps. Blocks.
    ///
    /// # Errors
    /// [`Error::Device`] if the device fails.
    pub fn tensors(&self, ctx: &Context) -> Result<Vec<NamedTensor>> {
        self.export_with(ctx, "")
    }

    /// Takes up what [`CrossLayer::tensors`] gave; other names among `tensors` are left alone.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] if a tensor is missing or has the wrong shape; nothing is changed then.
    pub fn set_tensors(&mut self, ctx: &Context, tensors: &[NamedTensor]) -> Result<()> {
        let import = self.matched(tensors, "")?;
        self.take(ctx, import)
    }
}
