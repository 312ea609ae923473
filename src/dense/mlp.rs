//! A stack of linear layers.

use super::linear::{Activation, Linear};
use super::optimizer::DenseOptimizer;
use super::parameter::NamedTensor;
use super::plan::record;
use super::room::Room;
use super::stack;
use super::trained::Trained;
use crate::device::Dispatch;
use crate::{Context, Error, Matrix, Recorder, Result};

/// A multilayer perceptron: linear layers with relu between them, and buffers for what lies between.
#[derive(Debug)]
pub struct Mlp {
    layers: Vec<Linear>,
    /// The outputs of all layers but the last, and their gradients.
    hidden: Vec<Matrix>,
    grads: Vec<Matrix>,
    max_batch: usize,
}

impl Mlp {
    /// Layers from `sizes[0]` inputs to `sizes[1]`, and so on, with relu behind all but the last, which has
    /// `activation`. Layer `i` is a [`Linear`] with the seed `seed + i`.
    ///
    /// # Errors
    /// As [`Linear::new`], and [`Error::InvalidArgument`] for less than two sizes.
    pub fn new(
        ctx: &Context,
        sizes: &[usize],
        activation: Activation,
        max_batch: usize,
        optimizer: impl Into<DenseOptimizer>,
        seed: u64,
    ) -> Result<Self> {
        Self::within(&mut Room::plain(ctx), sizes, activation, max_batch, &optimizer.into(), seed)
    }

    /// [`Mlp::new`] in a room.
    pub(super) fn within(
        room: &mut Room,
        sizes: &[usize],
        activation: Activation,
        max_batch: usize,
        optimizer: &DenseOptimizer,
        seed: u64,
    ) -> Result<Self> {
        if sizes.len() < 2 {
            return Err(Error::invalid("sizes", "at least two", sizes.len()));
        }
        let last = sizes.len() - 2;
        let layers = sizes
            .windows(2)
            .zip(0u64..)
            .map(|(pair, i)| {
                let activation = if i == last as u64 { activation } else { Activation::Relu };
                Linear::within(room, (pair[0], pair[1]), activation, optimizer, seed.wrapping_add(i))
            })
            .collect::<Result<Vec<_>>>()?;
        let between = &sizes[1..=last];
        let hidden = between.iter().map(|&size| room.activation(max_batch, size)).collect::<Result<_>>()?;
        let grads = between.iter().map(|&size| room.passing(max_batch, size)).collect::<Result<_>>()?;
        Ok(Self { layers, hidden, grads, max_batch })
    }

    /// The layers, first to last.
    #[must_use]
    pub fn layers(&self) -> &[Linear] {
        &self.layers
    }

    pub(super) fn layers_mut(&mut self) -> &mut [Linear] {
        &mut self.layers
    }

    /// Columns of the input.
    #[must_use]
    pub fn inputs(&self) -> usize {
        self.layers[0].inputs()
    }

    /// Columns of the output.
    #[must_use]
    pub fn outputs(&self) -> usize {
        self.layers[self.layers.len() - 1].outputs()
    }

    /// The largest batch that there is room for.
    #[must_use]
    pub fn max_batch(&self) -> usize {
        self.max_batch
    }

    /// The optimizer of all layers.
    #[must_use]
    pub fn optimizer(&self) -> &DenseOptimizer {
        self.layers[0].optimizer()
    }

    /// Sets the learning rate of the steps that are submitted from now on.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] for a negative one, or one that is not finite.
    pub fn set_lr(&mut self, lr: f32) -> Result<()> {
        self.layers.iter_mut().try_for_each(|layer| layer.set_lr(lr))
    }

    /// Records the layers for `x` of `[batch, inputs]` into `out` of `[batch, outputs]`; the batch may be
    /// smaller than the largest.
    ///
    /// # Errors
    /// As [`Linear::record_forward`], and [`Error::InvalidArgument`] for too large a batch.
    pub fn record_forward(&self, rec: &mut Recorder, x: &Matrix, out: &Matrix) -> Result<()> {
        let all = self.plan_forward(rec, x, out)?;
        record(rec, all);
        Ok(())
    }

    pub(super) fn plan_forward(&self, rec: &mut Recorder, x: &Matrix, out: &Matrix) -> Result<Vec<Dispatch>> {
        let hidden = self.first_rows(&self.hidden, x)?;
        let mut all = Vec::new();
        for (i, layer) in self.layers.iter().enumerate() {
            let input = if i == 0 { x } else { &hidden[i - 1] };
            all.extend(layer.plan_forward(rec, input, hidden.get(i).unwrap_or(out))?);
        }
        Ok(all)
    }

    /// Records the gradients of all parameters and, where `dx` is given, of the input, after
    /// [`Mlp::record_forward`] for the same `x`. `y` is the output, `dy` its gradient, which is overwritten.
    ///
    /// # Errors
    /// As [`Mlp::record_forward`].
    pub fn record_backward(
        &self,
        rec: &mut Recorder,
        x: &Matrix,
        y: &Matrix,
        dy: &Matrix,
        dx: Option<&Matrix>,
    ) -> Result<()> {
        let all = self.plan_backward(rec, x, y, dy, dx, false)?;
        if x.rows() == 0 {
            self.layers.iter().for_each(|layer| layer.clear_gradients(rec));
        }
        record(rec, all);
        Ok(())
    }

    /// [`Mlp::record_backward`]; the gradient of the input is added to `dx` if `accumulate`.
    pub(super) fn plan_backward(
        &self,
        rec: &mut Recorder,
        x: &Matrix,
        y: &Matrix,
        dy: &Matrix,
        dx: Option<&Matrix>,
        accumulate: bool,
    ) -> Result<Vec<Dispatch>> {
        let hidden = self.first_rows(&self.hidden, x)?;
        let grads = self.first_rows(&self.grads, x)?;
        let mut all = Vec::new();
        for (i, layer) in self.layers.iter().enumerate().rev() {
            let (input, input_grad, accumulate) = match i {
                0 => (x, dx, accumulate),
                _ => (&hidden[i - 1], Some(&grads[i - 1]), false),
            };
            let (output, output_grad) = (hidden.get(i).unwrap_or(y), grads.get(i).unwrap_or(dy));
            all.extend(layer.plan_backward(rec, input, output, output_grad, input_grad, accumulate)?);
        }
        Ok(all)
    }

    fn first_rows(&self, matrices: &[Matrix], x: &Matrix) -> Result<Vec<Matrix>> {
        x.check_shape("x", x.rows(), self.inputs())?;
        if x.rows() > self.max_batch {
            return Err(Error::invalid("x", format!("at most {} rows", self.max_batch), x.rows()));
        }
        Ok(matrices.iter().map(|matrix| matrix.row_part(0, x.rows())).collect())
    }

    /// Records one step of every layer's optimizer.
    ///
    /// # Errors
    /// As [`Linear::record_step`].
    pub fn record_step(&mut self, rec: &mut Recorder) -> Result<()> {
        stack::step(&self.layers, rec)
    }

    /// [`Linear::tensors`] of every layer, with `0.`, `1.` and so on before the names. Blocks.
    ///
    /// # Errors
    /// [`Error::Device`] if the device fails.
    pub fn tensors(&self, ctx: &Context) -> Result<Vec<NamedTensor>> {
        stack::export(&stack::numbered(&self.layers), ctx)
    }

    /// Takes up what [`Mlp::tensors`] gave.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] if a tensor is missing or has the wrong shape; nothing is changed then.
    pub fn set_tensors(&mut self, ctx: &Context, tensors: &[NamedTensor]) -> Result<()> {
        stack::import(&stack::numbered(&self.layers), ctx, tensors)
    }
}
