//! A stack of cross layers.

use super::cross::{CrossLayer, Turn};
use super::optimizer::DenseOptimizer;
use super::parameter::NamedTensor;
use super::plan::record;
use super::stack;
use crate::optim::Sgd;
use crate::{Context, Error, Matrix, Recorder, Result};

/// The cross network of DCN-v2 (Wang et al., 2021): cross layers one after the other, all of which also see
/// the input of the first, and buffers for what lies between.
///
/// ```
/// use embag::dense::CrossNet;
/// use embag::optim::Adagrad;
/// use embag::{Context, Matrix, Recorder};
///
/// let ctx = Context::cpu();
/// let optimizer = Adagrad::new(0.1);
/// let mut cross =
///     CrossNet::builder(&ctx, 6).layers(2).rank(2).max_batch(4).optimizer(optimizer).seed(7).build()?;
/// let x = Matrix::from_slice(&ctx, &[0.5; 18], 3, 6)?;
/// let dy = Matrix::from_slice(&ctx, &[1.0; 18], 3, 6)?;
/// let (out, dx) = (Matrix::zeros(&ctx, 3, 6)?, Matrix::zeros(&ctx, 3, 6)?);
///
/// let mut rec = Recorder::new(&ctx);
/// cross.record_forward(&mut rec, &x, &out)?;
/// cross.record_backward(&mut rec, &x, &dy, &dx)?; // dy: the gradient of out, yours
/// cross.record_step(&mut rec)?;
/// rec.run()?;
/// assert_eq!(dx.to_vec(&ctx)?.len(), 18);
/// # Ok::<(), embag::Error>(())
/// ```
#[derive(Debug)]
pub struct CrossNet {
    layers: Vec<CrossLayer>,
    /// The outputs of all layers but the last.
    hidden: Vec<Matrix>,
}

/// Describes a cross network; made by [`CrossNet::builder`].
#[derive(Debug, Clone)]
pub struct CrossNetBuilder {
    ctx: Context,
    width: usize,
    layers: usize,
    rank: Option<usize>,
    max_batch: usize,
    optimizer: DenseOptimizer,
    seed: u64,
}

impl CrossNetBuilder {
    /// Sets the number of layers; 3 if it is not set.
    #[must_use]
    pub fn layers(mut self, layers: usize) -> Self {
        self.layers = layers;
        self
    }

    /// Makes the layers' matrices products of two of this rank, `[width, rank]` and `[rank, width]`, unless
    /// it is `None`.
    #[must_use]
    pub fn rank(mut self, rank: impl Into<Option<usize>>) -> Self {
        self.rank = rank.into();
        self
    }

    /// Sets the largest batch that there is room for; 2,048 if it is not set.
    #[must_use]
    pub fn max_batch(mut self, rows: usize) -> Self {
        self.max_batch = rows;
        self
    }

    /// Sets the optimizer; [`Sgd`] if it is not set.
    #[must_use]
    pub fn optimizer(mut self, optimizer: impl Into<DenseOptimizer>) -> Self {
        self.optimizer = optimizer.into();
        self
    }

    /// Sets the seed of first values: layer `i` is a [`CrossLayer`] with the seed `seed + i`.
    #[must_use]
    pub fn seed(mut self, seed: u64) -> Self {
        self.seed = seed;
        self
    }

    /// Makes the layers.
    ///
    /// # Errors
    /// As [`CrossLayer::new`], and [`Error::InvalidArgument`] for no layers.
    pub fn build(self) -> Result<CrossNet> {
        let Self { ctx, width, layers, rank, max_batch, optimizer, seed } = self;
        if layers == 0 {
            return Err(Error::invalid("layers", "at least one", layers));
        }
        let layer = |i| CrossLayer::new(&ctx, width, rank, max_batch, optimizer, seed.wrapping_add(i));
        Ok(CrossNet {
            layers: (0u64..).take(layers).map(layer).collect::<Result<_>>()?,
            hidden: (1..layers).map(|_| Matrix::padded(&ctx, max_batch, width)).collect::<Result<_>>()?,
        })
    }
}

impl CrossNet {
    /// Begins the description of a network for `width` columns.
    #[must_use]
    pub fn builder(ctx: &Context, width: usize) -> CrossNetBuilder {
        CrossNetBuilder {
            ctx: ctx.clone(),
            width,
            layers: 3,
            rank: None,
            max_batch: 2048,
            optimizer: Sgd::default().into(),
            seed: 0,
        }
    }

    /// The layers, first to last.
    #[must_use]
    pub fn layers(&self) -> &[CrossLayer] {
        &self.layers
    }

    /// Columns of the input and of the output.
    #[must_use]
    pub fn width(&self) -> usize {
        self.layers[0].width()
    }

    /// The rank of all layers, if it is a low one.
    #[must_use]
    pub fn rank(&self) -> Option<usize> {
        self.layers[0].rank()
    }

    /// The largest batch that there is room for.
    #[must_use]
    pub fn max_batch(&self) -> usize {
        self.layers[0].max_batch()
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

    /// Records the layers for `x` and `out` of `[batch, width]`; the batch may be smaller than the largest.
    ///
    /// # Errors
    /// As [`CrossLayer::record_forward`].
    pub fn record_forward(&self, rec: &mut Recorder, x: &Matrix, out: &Matrix) -> Result<()> {
        let hidden = self.first_rows(x)?;
        let mut all = Vec::new();
        for (i, layer) in self.layers.iter().enumerate() {
            let input = if i == 0 { x } else { &hidden[i - 1] };
            all.extend(layer.plan_forward(rec, x, input, hidden.get(i).unwrap_or(out))?);
        }
        record(rec, all);
        Ok(())
    }

    /// Records the gradients of all parameters and of the input, after [`CrossNet::record_forward`] for the
    /// same `x`.
    ///
    /// `dy` is the gradient of the output and is used as room: what it holds afterwards means nothing. All of
    /// `dx` is overwritten.
    ///
    /// # Errors
    /// As [`CrossLayer::record_forward`].
    pub fn record_backward(&self, rec: &mut Recorder, x: &Matrix, dy: &Matrix, dx: &Matrix) -> Result<()> {
        let hidden = self.first_rows(x)?;
        dy.check_shape("dy", x.rows(), self.width())?;
        dx.check_shape("dx", x.rows(), self.width())?;
        rec.whole(|rec| {
            for (i, layer) in self.layers.iter().enumerate().rev() {
                let input = if i == 0 { x } else { &hidden[i - 1] };
                let turn = Turn { first: i + 1 == self.layers.len(), last: i == 0 };
                layer.record_turn(rec, x, input, dy, dx, turn)?;
            }
            Ok(())
        })
    }

    fn first_rows(&self, x: &Matrix) -> Result<Vec<Matrix>> {
        x.check_shape("x", x.rows(), self.width())?;
        if x.rows() > self.max_batch() {
            return Err(Error::invalid("x", format!("at most {} rows", self.max_batch()), x.rows()));
        }
        Ok(self.hidden.iter().map(|matrix| matrix.row_part(0, x.rows())).collect())
    }

    /// Records one step of every layer's optimizer.
    ///
    /// # Errors
    /// As [`CrossLayer::record_step`].
    pub fn record_step(&mut self, rec: &mut Recorder) -> Result<()> {
        stack::step(&self.layers, rec)
    }

    /// [`CrossLayer::tensors`] of every layer, with `0.`, `1.` and so on before the names. Blocks.
    ///
    /// # Errors
    /// [`Error::Device`] if the device fails.
    pub fn tensors(&self, ctx: &Context) -> Result<Vec<NamedTensor>> {
        stack::export(&stack::numbered(&self.layers), ctx)
    }

    /// Takes up what [`CrossNet::tensors`] gave.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] if a tensor is missing or has the wrong shape; nothing is changed then.
    pub fn set_tensors(&mut self, ctx: &Context, tensors: &[NamedTensor]) -> Result<()> {
        stack::import(&stack::numbered(&self.layers), ctx, tensors)
    }
}
