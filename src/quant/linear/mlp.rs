//! A stack of layers of any precision.

use super::code_matrix::CodeMatrix;
use super::int8::{Activations, InputQuant};
use super::layer::{LayerPrecision, QuantizedLayer};
use crate::dense::Mlp;
use crate::{Context, Error, Matrix, Recorder, Result};

/// What lies between two layers.
#[derive(Debug, Clone)]
enum Hidden {
    Values(Matrix),
    Codes(CodeMatrix),
}

impl Hidden {
    fn first_rows(&self, rows: usize) -> Result<Self> {
        Ok(match self {
            Self::Values(matrix) => Self::Values(matrix.row_range(0, rows)?),
            Self::Codes(codes) => Self::Codes(codes.row_range(0, rows)?),
        })
    }

    fn as_activations(&self) -> Activations<'_> {
        match self {
            Self::Values(matrix) => matrix.into(),
            Self::Codes(codes) => codes.into(),
        }
    }
}

/// A multilayer perceptron that serves: linear layers, each of a precision of its own, and buffers for what
/// lies between. Between two layers of 8 bits, the second of which has a static input, there are only codes.
///
/// ```
/// use embag::dense::{Activation, Mlp};
/// use embag::optim::Sgd;
/// use embag::quant::{ActivationBits, InputQuant, LayerPrecision, QuantizedMlp};
/// use embag::{Context, Matrix, Recorder};
///
/// let ctx = Context::cpu();
/// let sgd = Sgd { lr: 0.1, ..Sgd::default() };
/// let trained = Mlp::new(&ctx, &[16, 32, 1], Activation::None, 4, sgd, 7)?;
/// let int8 = LayerPrecision::Int8(InputQuant::Dynamic(ActivationBits::Eight));
/// let mlp = QuantizedMlp::from_mlp(&ctx, &trained, &[int8, LayerPrecision::F16], 4)?;
///
/// let x = Matrix::from_slice(&ctx, &[0.5; 64], 4, 16)?;
/// let [exact, served] = [Matrix::zeros(&ctx, 4, 1)?, Matrix::zeros(&ctx, 4, 1)?];
/// let mut rec = Recorder::new(&ctx);
/// trained.record_forward(&mut rec, &x, &exact)?;
/// mlp.record_forward(&mut rec, &x, &served)?;
/// rec.run()?;
/// assert!((exact.to_vec(&ctx)?[0] - served.to_vec(&ctx)?[0]).abs() < 0.01);
/// # Ok::<(), embag::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct QuantizedMlp {
    layers: Vec<QuantizedLayer>,
    hidden: Vec<Hidden>,
    max_batch: usize,
}

impl QuantizedMlp {
    /// A stack of layers for batches of at most `max_batch` examples.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] for no layers, or if a layer takes another number of columns than the one
    /// before gives; [`Error::LimitExceeded`] or [`Error::Device`] if there is no memory.
    pub fn new(ctx: &Context, layers: Vec<QuantizedLayer>, max_batch: usize) -> Result<Self> {
        if layers.is_empty() {
            return Err(Error::invalid("layers", "at least one", 0));
        }
        let mut hidden = Vec::new();
        for (i, pair) in layers.windows(2).enumerate() {
            let (cols, next) = (pair[0].outputs(), &pair[1]);
            if next.inputs() != cols {
                let name = format!("inputs of layer {}", i + 1);
                return Err(Error::invalid(name, cols, next.inputs()));
            }
            hidden.push(match (pair[0].precision(), next.precision()) {
                (LayerPrecision::Int8(_), LayerPrecision::Int8(InputQuant::Static(quant)))
                    if pair[0].has_codes() && next.has_codes() =>
                {
                    Hidden::Codes(CodeMatrix::zeros(ctx, max_batch, cols, quant)?)
                }
                _ => Hidden::Values(Matrix::padded(ctx, max_batch, cols)?),
            });
        }
        Ok(Self { layers, hidden, max_batch })
    }

    /// The stack for a trained one, which is quantised on the host; a precision for each layer. Blocks.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] for another number of precisions, and those of the layers.
    pub fn from_mlp(
        ctx: &Context,
        mlp: &Mlp,
        precisions: &[LayerPrecision],
        max_batch: usize,
    ) -> Result<Self> {
        if precisions.len() != mlp.layers().len() {
            let expected = format!("one for each of {} layers", mlp.layers().len());
            return Err(Error::invalid("precisions", expected, precisions.len()));
        }
        let pairs = mlp.layers().iter().zip(precisions);
        let layers = pairs.map(|(linear, &precision)| QuantizedLayer::from_linear(ctx, linear, precision));
        Self::new(ctx, layers.collect::<Result<_>>()?, max_batch)
    }

    /// The layers, first to last.
    #[must_use]
    pub fn layers(&self) -> &[QuantizedLayer] {
        &self.layers
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

    /// Bytes of all layers in device memory.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.layers.iter().map(QuantizedLayer::bytes).sum()
    }

    /// Records the layers for `x` of `[batch, inputs]` into `out` of `[batch, outputs]`; the batch may be
    /// smaller than the largest.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] if a shape does not fit or the batch is too large, [`Error::LimitExceeded`]
    /// if one row is too large for the device to bind.
    pub fn record_forward(&self, rec: &mut Recorder, x: &Matrix, out: &Matrix) -> Result<()> {
        let batch = x.rows();
        x.check_shape("x", batch, self.inputs())?;
        if batch > self.max_batch {
            return Err(Error::invalid("x", format!("at most {} rows", self.max_batch), batch));
        }
        let hidden = self.hidden.iter().map(|hidden| hidden.first_rows(batch)).collect::<Result<Vec<_>>>()?;
        rec.whole(|rec| {
            for (i, layer) in self.layers.iter().enumerate() {
                let input = if i == 0 { x.into() } else { hidden[i - 1].as_activations() };
                layer.record(rec, input, hidden.get(i).map_or(out.into(), Hidden::as_activations))?;
            }
            Ok(())
        })
    }
}
