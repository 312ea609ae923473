//! A linear layer.

use serde::{Deserialize, Serialize};

use super::optimizer::DenseOptimizer;
use super::parameter::{NamedTensor, Parameter};
use super::plan::{record, row_chunks};
use super::product::{Epilogue, product};
use super::room::Room;
use super::trained::{Trained, Training};
use crate::device::{Dispatch, word};
use crate::kernels::linear::{ACTIVATION_NONE, ACTIVATION_RELU, ACTIVATION_SIGMOID, Layout};
use crate::kernels::{activation_grad, column_sum};
use crate::{Context, Error, Matrix, Recorder, Result};

/// What follows a linear layer.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Activation {
    /// Nothing.
    #[default]
    None,
    /// `max(z, 0)`
    Relu,
    /// `1 / (1 + exp(-z))`
    Sigmoid,
}

impl Activation {
    pub(crate) fn code(self) -> u32 {
        match self {
            Self::None => ACTIVATION_NONE,
            Self::Relu => ACTIVATION_RELU,
            Self::Sigmoid => ACTIVATION_SIGMOID,
        }
    }
}

/// A linear layer with its gradients and optimizer: `y = activation(x weight^T + bias)`, with `weight` of
/// `[outputs, inputs]` as in PyTorch.
#[derive(Debug)]
pub struct Linear {
    weight: Parameter,
    bias: Parameter,
    activation: Activation,
    training: Training,
}

impl Trained for Linear {
    fn all(&self) -> Vec<&Parameter> {
        vec![&self.weight, &self.bias]
    }

    fn training(&self) -> &Training {
        &self.training
    }

    fn training_mut(&mut self) -> &mut Training {
        &mut self.training
    }
}

impl Linear {
    /// A layer whose weight and bias are uniform in `[-1 / sqrt(inputs), 1 / sqrt(inputs))`, PyTorch's
    /// default; the numbers depend on the seed alone, not on the device.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] for a layer without inputs or outputs or senseless hyper-parameters,
    /// [`Error::LimitExceeded`] if the weight or its state is too large for the device to bind.
    pub fn new(
        ctx: &Context,
        inputs: usize,
        outputs: usize,
        activation: Activation,
        optimizer: impl Into<DenseOptimizer>,
        seed: u64,
    ) -> Result<Self> {
        Self::within(&mut Room::plain(ctx), (inputs, outputs), activation, &optimizer.into(), seed)
    }

    /// [`Linear::new`] in a room.
    pub(super) fn within(
        room: &mut Room,
        (inputs, outputs): (usize, usize),
        activation: Activation,
        optimizer: &DenseOptimizer,
        seed: u64,
    ) -> Result<Self> {
        if inputs == 0 || outputs == 0 {
            let got = format!("{inputs} inputs, {outputs} outputs");
            return Err(Error::invalid("linear layer", "at least one input and one output", got));
        }
        let training = Training::new(optimizer)?;
        let scale = 1.0 / f32::sqrt(inputs as f32);
        let mut parameter =
            |name, shape, first_row| Parameter::new(room, name, shape, first_row, scale, optimizer, seed);
        Ok(Self {
            weight: parameter("weight", (outputs, inputs), 0)?,
            // the row behind the weight's last, so that no number comes twice
            bias: parameter("bias", (1, outputs), outputs)?,
            activation,
            training,
        })
    }

    /// Columns of the input.
    #[must_use]
    pub fn inputs(&self) -> usize {
        self.weight.value.cols()
    }

    /// Columns of the output.
    #[must_use]
    pub fn outputs(&self) -> usize {
        self.weight.value.rows()
    }

    /// What follows the layer.
    #[must_use]
    pub fn activation(&self) -> Activation {
        self.activation
    }

    /// The weight, `[outputs, inputs]`.
    #[must_use]
    pub fn weight(&self) -> &Matrix {
        &self.weight.value
    }

    /// The bias, `[1, outputs]`.
    #[must_use]
    pub fn bias(&self) -> &Matrix {
        &self.bias.value
    }

    /// The weight's gradient of the last [`Linear::record_backward`].
    #[must_use]
    pub fn weight_grad(&self) -> &Matrix {
        &self.weight.grad
    }

    /// The bias's gradient of the last [`Linear::record_backward`].
    #[must_use]
    pub fn bias_grad(&self) -> &Matrix {
        &self.bias.grad
    }

    /// The parameters by name: `weight` and `bias`.
    #[must_use]
    pub fn parameters(&self) -> [(&'static str, &Matrix); 2] {
        [&self.weight, &self.bias].map(|parameter| (parameter.name, &parameter.value))
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

    /// Records `out = activation(x weight^T + bias)` for `x` of `[batch, inputs]` and `out` of `[batch,
    /// outputs]`.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] if a shape does not fit, [`Error::LimitExceeded`] if one row is too large
    /// for the device to bind.
    pub fn record_forward(&self, rec: &mut Recorder, x: &Matrix, out: &Matrix) -> Result<()> {
        let dispatches = self.plan_forward(rec, x, out)?;
        record(rec, dispatches);
        Ok(())
    }

    pub(super) fn plan_forward(&self, rec: &mut Recorder, x: &Matrix, out: &Matrix) -> Result<Vec<Dispatch>> {
        x.check_shape("x", x.rows(), self.inputs())?;
        out.check_shape("out", x.rows(), self.outputs())?;
        let epilogue =
            Epilogue { bias: Some(&self.bias.value), activation: self.activation, ..Epilogue::default() };
        product(rec, Layout::Nt, x, &self.weight.value, out, epilogue)
    }

    /// Records the gradients of weight and bias (the sums over the batch, overwriting the last ones) and,
    /// where `dx` is given, of the input.
    ///
    /// `x` and `y` are input and output of the forward pass; `dy` is the gradient of the output and is
    /// overwritten with the gradient in front of the activation.
    ///
    /// # Errors
    /// As [`Linear::record_forward`].
    pub fn record_backward(
        &self,
        rec: &mut Recorder,
        x: &Matrix,
        y: &Matrix,
        dy: &Matrix,
        dx: Option<&Matrix>,
    ) -> Result<()> {
        let dispatches = self.plan_backward(rec, x, y, dy, dx, false)?;
        if x.rows() == 0 {
            self.clear_gradients(rec);
        }
        record(rec, dispatches);
        Ok(())
    }

    /// [`Linear::record_backward`]; the gradient of the input is added to `dx` if `accumulate`.
    pub(super) fn plan_backward(
        &self,
        rec: &mut Recorder,
        x: &Matrix,
        y: &Matrix,
        dy: &Matrix,
        dx: Option<&Matrix>,
        accumulate: bool,
    ) -> Result<Vec<Dispatch>> {
        let batch = x.rows();
        x.check_shape("x", batch, self.inputs())?;
        y.check_shape("y", batch, self.outputs())?;
        dy.check_shape("dy", batch, self.outputs())?;
        if let Some(dx) = dx {
            dx.check_shape("dx", batch, self.inputs())?;
        }
        if batch == 0 {
            return Ok(Vec::new());
        }
        let ctx = rec.context().clone();
        let mut all = Vec::new();
        if self.activation != Activation::None {
            for rows in row_chunks(&ctx, &[y, dy]) {
                let [y, dy] = [y, dy].map(|matrix| matrix.row_part(rows.start, rows.len()));
                all.push(activation_gradient(&ctx, self.activation, &y, &dy)?);
            }
        }
        let none = Epilogue::default();
        all.extend(product(rec, Layout::Tn, dy, x, &self.weight.grad, none)?);
        for rows in row_chunks(&ctx, &[dy]) {
            let part = dy.row_part(rows.start, rows.len());
            all.push(column_sums(&ctx, &part, &self.bias.grad, rows.start > 0)?);
        }
        if let Some(dx) = dx {
            let epilogue = Epilogue { accumulate, ..none };
            all.extend(product(rec, Layout::Nn, dy, &self.weight.value, dx, epilogue)?);
        }
        Ok(all)
    }

    /// Records one step of the optimizer with the gradients of the last [`Linear::record_backward`]. It
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

    /// Takes up what [`Linear::tensors`] gave; other names among `tensors` are left alone.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] if a tensor is missing or has the wrong shape; nothing is changed then.
    pub fn set_tensors(&mut self, ctx: &Context, tensors: &[NamedTensor]) -> Result<()> {
        let import = self.matched(tensors, "")?;
        self.take(ctx, import)
    }
}

/// `dy *= activation'(y)`
fn activation_gradient(ctx: &Context, activation: Activation, y: &Matrix, dy: &Matrix) -> Result<Dispatch> {
    let (rows, cols) = (word("rows", y.rows())?, word("columns", y.cols())?);
    let (y, out) = (y.place(ctx, "y")?, dy.place(ctx, "dy")?);
    let params = activation_grad::Params {
        rows,
        cols,
        activated_base: y.base,
        activated_stride: y.stride,
        out_base: out.base,
        out_stride: out.stride,
        activation: activation.code(),
    };
    // what lies between rows must not be written
    let vec4 = y.vec4 && out.vec4 && cols.is_multiple_of(4);
    let bindings = activation_grad::Bindings { activated: y.binding, out: out.binding };
    let threads = activation_grad::threads(rows, cols);
    Ok(Dispatch::threads(usize::from(!vec4), &params, bindings, threads))
}

/// `out[c] = sum over r of x[r][c]`, or added to it.
pub(super) fn column_sums(ctx: &Context, x: &Matrix, out: &Matrix, accumulate: bool) -> Result<Dispatch> {
    let (rows, cols) = (word("rows", x.rows())?, word("columns", x.cols())?);
    let (x, out) = (x.place(ctx, "dy")?, out.place(ctx, "bias")?);
    let params = column_sum::Params {
        rows,
        cols,
        input_base: x.base,
        input_stride: x.stride,
        out_base: out.base,
        accumulate: accumulate.into(),
    };
    let variant = column_sum::variant(x.vec4, ctx.shape());
    let groups = column_sum::groups(ctx.shape(), cols);
    Ok(Dispatch::new(variant, &params, column_sum::Bindings { input: x.binding, out: out.binding }, groups))
}
