//! A stack of cross layers.

use super::cross::{CrossLayer, Turn};
use super::optimizer::DenseOptimizer;
use super::parameter::NamedTensor;
use super::plan::record;
use super::stack;
use crate::{Context, Error, Matrix, Recorder, Result};

/// The cross network of DCN-v2 (Wang et al., 2021): cross layers one after the other, all of which also see the
/// input of the first, and buffers for what lies between.
///
/// ```
/// use embag::dense::{CrossNet, DenseOptimizer};
/// use embag::{Context, Matrix, Recorder};
///
/// let ctx = Context::cpu();
/// let optimizer = DenseOptimizer::Adagrad { lr: 0.1, eps: 1e-8 };
/// // two layers of rank 2 for 6 columns, and batches of at most 4
/// let mut cross = CrossNet::new(&ctx, 6, 2, Some(2), 4, &optimizer, 7)?;
/// let x = Matrix::from_slice(&ctx, &[0.5; 18], 3, 6)?;
/// let dy = Matrix::from_slice(&ctx, &[1.0; 18], 3, 6)?;
/// let (out, dx) = (Matrix::zeros(&ctx, 3, 6)?, Matrix::zeros(&ctx, 3, 6)?);
///
/// let mut rec = Recorder::new(&ctx);
/// cross.forward(&mut rec, &x, &out)?;
/// cross.backward(&mut rec, &x, &dy, &dx)?; // dy: the gradient of out, yours
/// cross.step(&mut rec)?;
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

impl CrossNet {
    /// `layers` layers for `width` columns, of low rank where one is given. Layer `i` is a [`CrossLayer`] with the
    /// seed `seed + i`.
    ///
    /// # Errors
    /// As [`CrossLayer::new`], and [`Error::InvalidArgument`] for no layers.
    pub fn new(
        ctx: &Context,
        width: usize,
        layers: usize,
        rank: Option<usize>,
        max_batch: usize,
        optimizer: &DenseOptimizer,
        seed: u64,
    ) -> Result<Self> {
        if layers == 0 {
            return Err(Error::invalid("layers", "at least one", layers));
        }
        let layer = |i| CrossLayer::new(ctx, width, rank, max_batch, optimizer, seed.wrapping_add(i));
        Ok(Self {
            layers: (0u64..).take(layers).map(layer).collect::<Result<_>>()?,
            hidden: (1..layers).map(|_| Matrix::padded(ctx, max_batch, width)).collect::<Result<_>>()?,
        })
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

    /// Sets the learning rate of the steps to come.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] for a negative one, or one that is not finite.
    pub fn set_lr(&mut self, lr: f32) -> Result<()> {
        self.layers.iter_mut().try_for_each(|layer| layer.set_lr(lr))
    }

    /// Records the layers for `x` and `out` of `[batch, width]`; the batch may be smaller than the largest.
    ///
    /// # Errors
    /// As [`CrossLayer::forward`].
    pub fn forward(&self, rec: &mut Recorder, x: &Matrix, out: &Matrix) -> Result<()> {
        let hidden = self.first_rows(x)?;
        let mut all = Vec::new();
        for (i, layer) in self.layers.iter().enumerate() {
            let input = if i == 0 { x } else { &hidden[i - 1] };
            all.extend(layer.plan_forward(rec, x, input, hidden.get(i).unwrap_or(out))?);
        }
        record(rec, all);
        Ok(())
    }

    /// Records the gradients of all parameters and of the input, after [`CrossNet::forward`] for the same `x`.
    ///
    /// `dy` is the gradient of the output and is used as room: what it holds afterwards means nothing. All of `dx` is
    /// overwritten.
    ///
    /// # Errors
    /// As [`CrossLayer::forward`].
    pub fn backward(&self, rec: &mut Recorder, x: &Matrix, dy: &Matrix, dx: &Matrix) -> Result<()> {
        let hidden = self.first_rows(x)?;
        dy.check_shape("dy", x.rows(), self.width())?;
        dx.check_shape("dx", x.rows(), self.width())?;
        rec.whole(|rec| {
            for (i, layer) in self.layers.iter().enumerate().rev() {
                let input = if i == 0 { x } else { &hidden[i - 1] };
                let turn = Turn { first: i + 1 == self.layers.len(), last: i == 0 };
                layer.record_backward(rec, x, input, dy, dx, turn)?;
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
    /// As [`CrossLayer::step`].
    pub fn step(&mut self, rec: &mut Recorder) -> Result<()> {
        stack::step(&self.layers, rec)
    }

    /// [`CrossLayer::export`] of every layer, with `0.`, `1.` and so on before the names. Blocks.
    ///
    /// # Errors
    /// [`Error::Device`] if the device fails.
    pub fn export(&self, ctx: &Context) -> Result<Vec<NamedTensor>> {
        stack::export(&self.layers, ctx)
    }

    /// Takes up what [`CrossNet::export`] gave.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] if a tensor is missing or has the wrong shape; nothing is changed then.
    pub fn import(&mut self, ctx: &Context, tensors: &[NamedTensor]) -> Result<()> {
        stack::import(&mut self.layers, ctx, tensors)
    }
}
