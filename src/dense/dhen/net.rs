//! The net.

use super::builder::DhenBuilder;
use super::layer::Layer;
use super::module::DhenLayer;
use crate::dense::scratch::scratch;
use crate::dense::trained::Trained;
use crate::dense::{DenseOptimizer, Layers, Mlp, NamedTensor, stack};
use crate::{Context, Error, Matrix, Recorder, Result};

/// A deep hierarchical ensemble network (DHEN; Zhang et al., 2022): layers of several kinds of interaction one
/// after the other, and a head that makes one logit of the last layer's tokens. For the axes of its input see
/// [the module](crate::dense#stacked-interactions).
///
/// ```
/// use embag::dense::{Dhen, DhenLayer, Ensemble, Module};
/// use embag::optim::Adagrad;
/// use embag::{Context, Matrix, Recorder};
///
/// let ctx = Context::cpu();
/// let (tokens, dim) = (3, 4);
/// let layer = |tokens| {
///     DhenLayer::new(tokens, Ensemble::Sum).module(Module::Dot { hidden: None }).module(Module::Linear)
/// };
/// let mut net = Dhen::builder(&ctx, tokens, dim)
///     .layer(layer(3))
///     .layer(layer(2))
///     .head(&[8])
///     .max_batch(16)
///     .optimizer(Adagrad::new(0.1))
///     .seed(7)
///     .build()?;
/// let x = Matrix::from_slice(&ctx, &[0.5; 2 * 12], 2, 12)?;
/// let dlogits = Matrix::from_slice(&ctx, &[1.0; 2], 2, 1)?;
/// let (logits, dx) = (Matrix::zeros(&ctx, 2, 1)?, Matrix::zeros(&ctx, 2, 12)?);
///
/// let mut rec = Recorder::new(&ctx);
/// net.record_forward(&mut rec, &x, &logits)?;
/// net.record_backward(&mut rec, &x, &logits, &dlogits, Some(&dx))?; // dlogits: of your loss
/// net.record_step(&mut rec)?;
/// rec.run()?;
/// assert!(logits.to_vec(&ctx)?.iter().all(|logit| logit.is_finite()));
/// # Ok::<(), embag::Error>(())
/// ```
#[derive(Debug)]
pub struct Dhen {
    pub(super) layers: Vec<Layer>,
    pub(super) head: Mlp,
    pub(super) described: Vec<DhenLayer>,
    pub(super) tokens: usize,
    pub(super) dim: usize,
}

impl Dhen {
    /// Begins the description of a net for `tokens` tokens of `dim` values.
    #[must_use]
    pub fn builder(ctx: &Context, tokens: usize, dim: usize) -> DhenBuilder {
        DhenBuilder::new(ctx, tokens, dim)
    }

    /// Tokens of an example.
    #[must_use]
    pub fn tokens(&self) -> usize {
        self.tokens
    }

    /// Values of a token.
    #[must_use]
    pub fn dim(&self) -> usize {
        self.dim
    }

    /// The layers, first to last.
    #[must_use]
    pub fn layers(&self) -> &[DhenLayer] {
        &self.described
    }

    /// What makes the logit of the last layer's tokens.
    #[must_use]
    pub fn head(&self) -> &Mlp {
        &self.head
    }

    /// The largest batch that there is room for.
    #[must_use]
    pub fn max_batch(&self) -> usize {
        self.head.max_batch()
    }

    /// The optimizer of all parameters.
    #[must_use]
    pub fn optimizer(&self) -> &DenseOptimizer {
        self.head.optimizer()
    }

    /// The parameters by name: `layers.0.modules.1.weight`, `layers.0.norm.affine` (gain and bias),
    /// `layers.0.shortcut.weight`, `head.0.weight` and so on.
    #[must_use]
    pub fn parameters(&self) -> Vec<(String, &Matrix)> {
        self.all_parameters()
    }

    /// The parameters' gradients of the last [`Dhen::record_backward`], in the order of [`Dhen::parameters`].
    #[must_use]
    pub fn gradients(&self) -> Vec<(String, &Matrix)> {
        self.all_gradients()
    }

    /// Sets the learning rate of the steps that are submitted from now on.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] for a negative one, or one that is not finite.
    pub fn set_lr(&mut self, lr: f32) -> Result<()> {
        self.layers.iter_mut().flat_map(Layer::trainings).try_for_each(|training| training.set_lr(lr))?;
        self.head.set_lr(lr)
    }

    /// Records the logits of `x` of `[batch, tokens * dim]` into `logits` of `[batch, 1]`; the batch may be
    /// smaller than the largest.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] for too large a batch or if a shape does not fit, [`Error::LimitExceeded`] if
    /// one row is too large for the device to bind.
    pub fn record_forward(&self, rec: &mut Recorder, x: &Matrix, logits: &Matrix) -> Result<()> {
        self.check("x", x, x.rows())?;
        logits.check_shape("logits", x.rows(), 1)?;
        rec.whole(|rec| {
            for (i, layer) in self.layers.iter().enumerate() {
                rec.scope(|rec| {
                    let input = self.input(rec, i, x)?;
                    layer.forward(rec, &input)
                })?;
            }
            rec.scope(|rec| {
                let input = self.input(rec, self.layers.len(), x)?;
                self.head.record_forward(rec, &input, logits)
            })
        })
    }

    /// Records the gradients of all parameters and, where `dx` is given, of the input, after
    /// [`Dhen::record_forward`] for the same `x`. `dlogits` is the gradient of `logits`.
    ///
    /// # Errors
    /// As [`Dhen::record_forward`].
    pub fn record_backward(
        &self,
        rec: &mut Recorder,
        x: &Matrix,
        logits: &Matrix,
        dlogits: &Matrix,
        dx: Option<&Matrix>,
    ) -> Result<()> {
        let rows = x.rows();
        self.check("x", x, rows)?;
        if let Some(dx) = dx {
            self.check("dx", dx, rows)?;
        }
        rec.whole(|rec| {
            // of one layer's output and of the next one's by turns
            let widest = self.layers.iter().map(Layer::width).max().unwrap_or_default();
            let turns = [scratch(rec, rows, widest)?, scratch(rec, rows, widest)?];
            let grad = |i: usize| {
                let (width, buffer) = (self.layers[i].width(), turns[i % 2].buffer().clone());
                Matrix::new(buffer, rows, width, width.next_multiple_of(4))
            };
            let count = self.layers.len();
            rec.scope(|rec| {
                let input = self.input(rec, count, x)?;
                self.head.record_backward(rec, &input, logits, dlogits, Some(&grad(count - 1)?))
            })?;
            for (i, layer) in self.layers.iter().enumerate().rev() {
                rec.scope(|rec| {
                    let input = self.input(rec, i, x)?;
                    match i {
                        0 => layer.backward(rec, &input, &grad(i)?, dx),
                        _ => layer.backward(rec, &input, &grad(i)?, Some(&grad(i - 1)?)),
                    }
                })?;
            }
            Ok(())
        })
    }

    /// The input of a layer, or of the head behind the last, for the net's input `x`.
    fn input(&self, rec: &mut Recorder, layer: usize, x: &Matrix) -> Result<Matrix> {
        match layer {
            0 => Ok(x.clone()),
            _ => self.layers[layer - 1].output(rec, x.rows()),
        }
    }

    fn check(&self, name: &str, matrix: &Matrix, rows: usize) -> Result<()> {
        matrix.check_shape(name, rows, self.tokens * self.dim)?;
        if rows > self.max_batch() {
            return Err(Error::invalid(name, format!("at most {} rows", self.max_batch()), rows));
        }
        Ok(())
    }

    /// Records one step of the optimizer of every part.
    ///
    /// # Errors
    /// [`Error::Device`] if there is no memory.
    pub fn record_step(&mut self, rec: &mut Recorder) -> Result<()> {
        rec.whole(|rec| self.parts().into_iter().try_for_each(|(_, part)| part.step_parameters(rec)))
    }

    /// The parts with parameters, by what comes before their names.
    pub(in crate::dense) fn parts(&self) -> Vec<(String, &dyn Trained)> {
        let of_layers = self.layers.iter().enumerate().flat_map(|(i, layer)| {
            layer.parts().into_iter().map(move |(name, part)| (format!("layers.{i}.{name}"), part))
        });
        let head = self.head.layers().iter().enumerate();
        let head = head.map(|(i, layer)| (format!("head.{}", stack::prefix(i)), layer as &dyn Trained));
        of_layers.chain(head).collect()
    }

    /// Everything a checkpoint must hold: [parameters](Dhen::parameters), optimizer state
    /// (`head.0.weight.exp_avg`) and numbers of steps. Blocks.
    ///
    /// # Errors
    /// [`Error::Device`] if the device fails.
    pub fn tensors(&self, ctx: &Context) -> Result<Vec<NamedTensor>> {
        stack::export(&self.parts(), ctx)
    }

    /// Takes up what [`Dhen::tensors`] gave.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] if a tensor is missing or has the wrong shape; nothing is changed then.
    pub fn set_tensors(&mut self, ctx: &Context, tensors: &[NamedTensor]) -> Result<()> {
        stack::import(&self.parts(), ctx, tensors)
    }
}
