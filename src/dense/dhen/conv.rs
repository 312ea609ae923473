//! A convolution over tokens and values, and a mixture of what it makes.

use super::block::Block;
use super::token_linear::TokenLinear;
use crate::dense::DenseOptimizer;
use crate::dense::batched::join;
use crate::dense::parameter::Parameter;
use crate::dense::plan::{longest_sum, record, row_chunks};
use crate::dense::room::Room;
use crate::dense::scratch::scratch;
use crate::dense::trained::{Trained, Training};
use crate::device::{Dispatch, word};
use crate::kernel::Shape;
use crate::kernels::{conv2d, conv2d_grad};
use crate::{Context, Error, Matrix, Recorder, Result};

/// `U = W C`, for the `channels * m` tokens `C` that 3 x 3 convolutions make of the tokens, with zeros around them.
#[derive(Debug)]
pub(super) struct Conv {
    /// A row for each channel: nine taps, row by row, and a bias.
    taps: Parameter,
    training: Training,
    tokens: usize,
    dim: usize,
    /// `[max_batch, channels * m * dim]`
    convolved: Matrix,
    mixture: TokenLinear,
}

impl Trained for Conv {
    fn all(&self) -> Vec<&Parameter> {
        vec![&self.taps]
    }

    fn training(&self) -> &Training {
        &self.training
    }

    fn training_mut(&mut self) -> &mut Training {
        &mut self.training
    }
}

const TAPS: usize = conv2d::TAPS as usize;

/// Slices of the sums over a batch that keep a device busy.
const SLICES: usize = 32;
const SLICES_WIDE: usize = 256;

impl Conv {
    pub(super) fn new(
        room: &mut Room,
        (tokens, outputs): (usize, usize),
        dim: usize,
        channels: usize,
        max_batch: usize,
        optimizer: &DenseOptimizer,
        seed: u64,
    ) -> Result<Self> {
        if channels == 0 {
            return Err(Error::invalid("channels", "at least one for a convolution", channels));
        }
        let steps = conv2d_grad::iterations(tokens, dim);
        if steps > longest_sum(room.ctx()) {
            let expected = format!(
                "tokens whose sums take at most {} steps on a software adapter",
                longest_sum(room.ctx())
            );
            return Err(Error::invalid("tokens", expected, tokens));
        }
        let scale = 1.0 / f32::sqrt(TAPS as f32);
        let taps = Parameter::new(room, "taps", (channels, TAPS + 1), 0, scale, optimizer, seed)?;
        let made = channels.saturating_mul(tokens);
        Ok(Self {
            taps,
            training: Training::new(optimizer)?,
            tokens,
            dim,
            convolved: room.activation(max_batch, made.saturating_mul(dim))?,
            mixture: TokenLinear::new(room, (made, outputs), dim, optimizer, seed.wrapping_add(1))?,
        })
    }

    fn channels(&self) -> usize {
        self.taps.value.rows()
    }

    /// Records the convolution of `x` or, of the gradient of its output, that of `x`, which is added to `out`.
    fn convolve(&self, rec: &mut Recorder, x: &Matrix, out: &Matrix, backward: bool) -> Result<()> {
        let ctx = rec.context().clone();
        let taps = self.taps.value.place(&ctx, "taps")?;
        let channels = word("channels", self.channels())?;
        let mut all = Vec::new();
        for rows in row_chunks(&ctx, &[x, out]) {
            let place = |name, matrix: &Matrix| matrix.row_part(rows.start, rows.len()).place(&ctx, name);
            let (input, output) = (place("x", x)?, place("out", out)?);
            let mut params = conv2d::Params {
                examples: word("examples", rows.len())?,
                channels: 1,
                outputs: channels,
                rows: word("tokens", self.tokens)?,
                cols: word("dim", self.dim)?,
                input_base: input.base,
                input_example: input.stride,
                out_base: output.base,
                out_example: output.stride,
                taps_base: taps.base,
                taps_output: taps.stride,
                biased: 1,
                ..conv2d::Params::default()
            };
            if backward {
                (params.channels, params.outputs) = (channels, 1);
                (params.taps_input, params.taps_output) = (taps.stride, 0);
                (params.turned, params.biased, params.accumulate) = (1, 0, 1);
            }
            let vec4 = input.vec4 && output.vec4 && self.dim.is_multiple_of(4);
            let bindings =
                conv2d::Bindings { input: input.binding, taps: taps.binding.clone(), out: output.binding };
            all.push(Dispatch::threads(conv2d::variant(vec4), &params, bindings, conv2d::threads(&params)));
        }
        record(rec, all);
        Ok(())
    }

    /// Records the gradients of taps and biases.
    fn sum_taps(&self, rec: &mut Recorder, x: &Matrix, grad: &Matrix) -> Result<()> {
        let ctx = rec.context().clone();
        let target = self.taps.grad.place(&ctx, "taps")?;
        let (channels, values) = (word("channels", self.channels())?, conv2d_grad::VALUES);
        let mut all = Vec::new();
        for rows in row_chunks(&ctx, &[x, grad]) {
            let place = |name, matrix: &Matrix| matrix.row_part(rows.start, rows.len()).place(&ctx, name);
            let (input, of_grad) = (place("x", x)?, place("grad", grad)?);
            let params = conv2d_grad::Params {
                examples: word("examples", rows.len())?,
                channels,
                rows: word("tokens", self.tokens)?,
                cols: word("dim", self.dim)?,
                input_base: input.base,
                input_example: input.stride,
                grad_base: of_grad.base,
                grad_example: of_grad.stride,
                together: word("examples", self.together(&ctx, rows.len()))?,
            };
            let slices = conv2d_grad::slices(&params);
            let bytes = u64::from(slices) * u64::from(channels) * u64::from(values) * 4;
            let sums = rec.scratch("embag.slices", bytes)?;
            let vec4 = input.vec4 && of_grad.vec4 && self.dim.is_multiple_of(4);
            let bindings =
                conv2d_grad::Bindings { input: input.binding, grad: of_grad.binding, out: sums.clone() };
            all.push(Dispatch::new(conv2d::variant(vec4), &params, bindings, slices * channels));
            all.push(join(rec, sums, (slices, channels, values), &target, rows.start > 0)?);
        }
        record(rec, all);
        Ok(())
    }

    /// Examples of a slice: few enough that slices fill the device, and that a software adapter does not cut
    /// loops short.
    fn together(&self, ctx: &Context, examples: usize) -> usize {
        let wide = ctx.shape() == Shape::Wide && !ctx.is_cpu();
        let slices = (if wide { SLICES_WIDE } else { SLICES }).div_ceil(self.channels());
        let longest = longest_sum(ctx) / conv2d_grad::iterations(self.tokens, self.dim).max(1);
        examples.div_ceil(slices).min(longest).max(1)
    }
}

impl Block for Conv {
    fn forward(&self, rec: &mut Recorder, x: &Matrix, out: &Matrix) -> Result<()> {
        let convolved = self.convolved.row_part(0, x.rows());
        self.convolve(rec, x, &convolved, false)?;
        self.mixture.forward(rec, &convolved, out)
    }

    fn backward(&self, rec: &mut Recorder, x: &Matrix, dout: &Matrix, dx: Option<&Matrix>) -> Result<()> {
        let convolved = self.convolved.row_part(0, x.rows());
        if x.rows() == 0 {
            self.clear_gradients(rec);
        }
        rec.scope(|rec| {
            let grad = scratch(rec, x.rows(), convolved.cols())?;
            self.mixture.backward_into(rec, &convolved, dout, Some(&grad), false)?;
            self.sum_taps(rec, x, &grad)?;
            match dx {
                Some(dx) => self.convolve(rec, &grad, dx, true),
                None => Ok(()),
            }
        })
    }

    fn parts(&self) -> Vec<(String, &dyn Trained)> {
        vec![(String::new(), self), ("linear.".to_owned(), &self.mixture)]
    }

    fn trainings(&mut self) -> Vec<&mut Training> {
        vec![&mut self.training, self.mixture.training_mut()]
    }
}
