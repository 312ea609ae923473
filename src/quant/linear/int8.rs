//! Linear layers of 8-bit weights and activations.

use serde::{Deserialize, Serialize};

use super::super::{ActivationBits, ActivationQuant};
use super::code_matrix::{CodeMatrix, quantize};
use super::weight::QuantizedWeight;
use super::{check_bias, check_binding};
use crate::dense::{Activation, Epilogue, Groups, Linear, grouped_product, record, row_chunks};
use crate::device::{Dispatch, Precision, Shape, word};
use crate::jagged::PooledOrder;
use crate::kernels::linear::Layout;
use crate::kernels::linear_int8::{self, OutputChannel, PANEL};
use crate::kernels::{activation_range, activation_scale, sum_slices_int8, tile};
use crate::{Buffer, Context, Error, Matrix, Recorder, Result};

/// Inputs whose sums `i32` holds: each product is at most 255 * 128.
const MOST_INPUTS: usize = 65_536;

/// The shortest slice of words of codes worth its sums' way through memory.
const SHORTEST_SLICE: u32 = 128;

/// Where scale and zero point of a layer's input come from.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub enum InputQuant {
    /// From the range of each batch, found on the device. A value that is not finite makes all outputs NaN.
    Dynamic(ActivationBits),
    /// From calibration. Values beyond the range get its ends, infinite ones too, and a NaN the least:
    /// outputs are finite whatever the input is.
    Static(ActivationQuant),
}

/// Input or output of an [`Int8Linear`]: values, or codes that need no trip through `f32`.
#[derive(Debug, Clone, Copy)]
pub enum Activations<'a> {
    /// `f32`.
    Values(&'a Matrix),
    /// 8 bits.
    Codes(&'a CodeMatrix),
}

impl<'a> From<&'a Matrix> for Activations<'a> {
    fn from(matrix: &'a Matrix) -> Self {
        Self::Values(matrix)
    }
}

impl<'a> From<&'a CodeMatrix> for Activations<'a> {
    fn from(codes: &'a CodeMatrix) -> Self {
        Self::Codes(codes)
    }
}

impl<'a> Activations<'a> {
    /// The values, for a layer that has no codes.
    pub(super) fn values(self, name: &str) -> Result<&'a Matrix> {
        match self {
            Self::Values(matrix) => Ok(matrix),
            Self::Codes(_) => Err(Error::invalid(name, "values of f32", "codes")),
        }
    }

    /// What lies in memory: words of codes are a matrix too.
    fn matrix(&self) -> &Matrix {
        match self {
            Self::Values(matrix) => matrix,
            Self::Codes(codes) => &codes.words,
        }
    }

    fn check_shape(&self, name: &str, rows: usize, cols: usize) -> Result<()> {
        match self {
            Self::Values(matrix) => matrix.check_shape(name, rows, cols),
            Self::Codes(codes) => codes.check_shape(name, rows, cols),
        }
    }
}

/// A linear layer of signed 8-bit weights, with a scale for each output, and unsigned 8-bit activations:
/// `y[m][n] = activation(sum over k of (code(m, k) - zero point) * weight(n, k) * (scale * scale[n]) +
/// bias[n])`.
///
/// The sum is exact, in `i32`; it is turned into `f32` once, multiplied by the product of the two scales, and
/// the bias is added. Sigmoid is made of products and sums, so that every device gives the same bits.
#[derive(Debug, Clone)]
pub struct Int8Linear {
    inputs: usize,
    outputs: usize,
    activation: Activation,
    input: InputQuant,
    weights: Buffer,
    channels: Buffer,
    /// Scale and zero point of a static input.
    quant_words: Buffer,
    packed_dot: bool,
    /// Inputs that are no codes.
    apart: Option<Apart>,
}

/// Input channels in `f32`, beside those of 8 bits.
#[derive(Debug, Clone)]
struct Apart {
    channels: Vec<u32>,
    /// Puts the others first and these behind them.
    order: PooledOrder,
    /// `[outputs, channels]`
    weight: Matrix,
}

impl Int8Linear {
    /// A layer of a weight of 8 bits (or less) whose groups are whole rows, and a bias for each output.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] if the groups are shorter, the bias has another length or a value that is
    /// not finite, there are more than 65,536 inputs, or the scale of a static input is not positive;
    /// [`Error::LimitExceeded`] if the weight is too large for the device to bind.
    pub fn new(
        ctx: &Context,
        weight: &QuantizedWeight,
        bias: &[f32],
        activation: Activation,
        input: InputQuant,
    ) -> Result<Self> {
        let (outputs, inputs) = (weight.outputs(), weight.inputs());
        if weight.group() != inputs {
            return Err(Error::invalid("group", format!("all {inputs} inputs"), weight.group()));
        }
        if inputs > MOST_INPUTS {
            return Err(Error::invalid("inputs", format!("at most {MOST_INPUTS}"), inputs));
        }
        check_bias(bias, outputs)?;
        let quant_words = match input {
            InputQuant::Static(quant) => {
                quant.check("input")?;
                quant.words()
            }
            InputQuant::Dynamic(_) => [0; 2],
        };
        let rows = weight.codes().chunks(inputs).zip(weight.scales()).zip(bias);
        let channels: Vec<_> = rows
            .map(|((codes, &scale), &bias)| OutputChannel {
                scale,
                sum: codes.iter().map(|&code| i32::from(code)).sum(),
                bias,
            })
            .collect();
        let panels = linear_int8::panels(weight.codes(), outputs, inputs);
        check_binding(ctx, &panels)?;
        Ok(Self {
            inputs,
            outputs,
            activation,
            input,
            weights: Buffer::from_slice(ctx, &panels)?,
            channels: Buffer::from_slice(ctx, &channels)?,
            quant_words: Buffer::from_slice(ctx, &quant_words)?,
            packed_dot: ctx.packed_dot()?,
            apart: None,
        })
    }

    /// The same layer with more input channels, whose values and weights stay `f32`: those with values so large
    /// that the codes of all others would suffer ([`outlier_channels`](crate::quant::calibration::outlier_channels)).
    ///
    /// `channels` are their places among all inputs, in ascending order, and `weight` is `[outputs,
    /// channels]`; the layer's own weights and its range are those of the other inputs, in their order. Such a
    /// layer takes values and gives values, no codes.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] if channels do not ascend or are beyond all inputs, or the weight has another
    /// size or a value that is not finite; [`Error::LimitExceeded`] or [`Error::Device`] if the memory cannot
    /// be had.
    pub fn with_channels_apart(self, ctx: &Context, channels: &[u32], weight: &[f32]) -> Result<Self> {
        let inputs = self.inputs + channels.len();
        if let Some(apart) = &self.apart {
            let got = format!("one that has {:?} apart", apart.channels);
            return Err(Error::invalid("layer", "one without channels apart", got));
        }
        let ascending = channels.is_sorted_by(|a, b| a < b);
        if !ascending || channels.last().is_some_and(|&last| last as usize >= inputs) {
            let expected = format!("ascending places below {inputs}");
            return Err(Error::invalid("channels", expected, format!("{channels:?}")));
        }
        if weight.len() != self.outputs * channels.len() || weight.iter().any(|value| !value.is_finite()) {
            let expected = format!("{} outputs x {} channels of finite values", self.outputs, channels.len());
            return Err(Error::invalid("weight", expected, format!("{} values", weight.len())));
        }
        if channels.is_empty() {
            return Ok(self);
        }
        let own = (0..inputs).filter(|&input| channels.iter().all(|&channel| channel as usize != input));
        let order: Vec<usize> = own.chain(channels.iter().map(|&channel| channel as usize)).collect();
        let apart = Apart {
            channels: channels.to_vec(),
            order: PooledOrder::new(&vec![1; inputs], &order)?,
            weight: Matrix::from_slice(ctx, weight, self.outputs, channels.len())?,
        };
        Ok(Self { apart: Some(apart), ..self })
    }

    /// The input channels that are kept apart, in ascending order.
    #[must_use]
    pub fn channels_apart(&self) -> &[u32] {
        self.apart.as_ref().map_or(&[], |apart| &apart.channels)
    }

    /// Their weights, `[outputs, channels]`, read back. Blocks.
    ///
    /// # Errors
    /// [`Error::Device`] if the device fails.
    pub fn weight_apart(&self, ctx: &Context) -> Result<Vec<f32>> {
        self.apart.as_ref().map_or(Ok(Vec::new()), |apart| apart.weight.to_vec(ctx))
    }

    /// The layer for a trained one, whose weight is quantised on the host. Blocks.
    ///
    /// # Errors
    /// As [`Int8Linear::new`], and [`Error::InvalidArgument`] for a weight that is not finite.
    pub fn from_linear(ctx: &Context, linear: &Linear, input: InputQuant) -> Result<Self> {
        let (outputs, inputs) = (linear.outputs(), linear.inputs());
        let weight = QuantizedWeight::quantize(&linear.weight().to_vec(ctx)?, outputs, inputs, 8, inputs)?;
        Self::new(ctx, &weight, &linear.bias().to_vec(ctx)?, linear.activation(), input)
    }

    /// Columns of the input.
    #[must_use]
    pub fn inputs(&self) -> usize {
        self.inputs + self.channels_apart().len()
    }

    /// Columns of the output.
    #[must_use]
    pub fn outputs(&self) -> usize {
        self.outputs
    }

    /// What follows the layer.
    #[must_use]
    pub fn activation(&self) -> Activation {
        self.activation
    }

    /// Bytes in device memory, scales and bias included. Weights take those of a multiple of 16 outputs and
    /// of 4 inputs: few outputs, as those of a model's last layer, may take more than in `f32`.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        let apart = self.apart.as_ref().map_or(0, |apart| apart.weight.buffer().size());
        self.weights.size() + self.channels.size() + apart
    }

    /// Where scale and zero point of the input come from.
    #[must_use]
    pub fn input(&self) -> InputQuant {
        self.input
    }

    /// Records the layer for `x` of `[batch, inputs]` and `out` of `[batch, outputs]`, each a [`Matrix`] or a
    /// [`CodeMatrix`]. Codes that are given must mean what the layer's static input does; those that are
    /// written mean what `out` says, and values beyond its range get its ends.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] if a shape does not fit, or the codes mean something else;
    /// [`Error::LimitExceeded`] if one row is too large for the device to bind.
    pub fn record_forward<'a>(
        &self,
        rec: &mut Recorder,
        x: impl Into<Activations<'a>>,
        out: impl Into<Activations<'a>>,
    ) -> Result<()> {
        let (x, out) = (x.into(), out.into());
        let batch = x.matrix().rows();
        x.check_shape("x", batch, self.inputs())?;
        out.check_shape("out", batch, self.outputs)?;
        if let Some(apart) = &self.apart {
            let (x, out) = (x.values("x")?, out.values("out")?);
            return rec.whole(|rec| rec.scope(|rec| self.record_apart(rec, apart, x, out)));
        }
        if let Activations::Codes(codes) = x
            && self.input != InputQuant::Static(codes.quant())
        {
            let got = format!("codes of {:?}", codes.quant());
            return Err(Error::invalid("x", format!("codes of {:?}", self.input), got));
        }
        rec.whole(|rec| rec.scope(|rec| self.record(rec, x, out, self.activation)))
    }

    /// What codes give, and then the channels that are none.
    fn record_apart(&self, rec: &mut Recorder, apart: &Apart, x: &Matrix, out: &Matrix) -> Result<()> {
        let (rows, inputs) = (x.rows(), self.inputs());
        // not scratch, which must fit a binding
        let ordered = Matrix::output(Precision::F32, rec.context(), rows, inputs)?;
        apart.order.record_forward(rec, x, &ordered)?;
        let own = ordered.columns(0, self.inputs)?;
        self.record(rec, (&own).into(), out.into(), Activation::None)?;
        let others = ordered.columns(self.inputs, apart.channels.len())?;
        let epilogue = Epilogue { activation: self.activation, onto: true, ..Epilogue::default() };
        let groups = Groups::default();
        let dispatches = grouped_product(rec, Layout::Nt, groups, &others, &apart.weight, out, epilogue)?;
        record(rec, dispatches);
        Ok(())
    }

    fn record(
        &self,
        rec: &mut Recorder,
        x: Activations<'_>,
        out: Activations<'_>,
        activation: Activation,
    ) -> Result<()> {
        let ctx = rec.context().clone();
        let Activations::Values(values) = x else {
            for rows in row_chunks(&ctx, &[x.matrix(), out.matrix()]) {
                let codes = x.matrix().row_part(rows.start, rows.len());
                self.product(rec, &codes, &self.quant_words, out, rows.start, activation)?;
            }
            return Ok(());
        };
        let quant = match self.input {
            InputQuant::Static(_) => self.quant_words.clone(),
            InputQuant::Dynamic(bits) => range_quant(rec, values, bits)?,
        };
        let words = linear_int8::words(self.inputs);
        let all = Matrix { cols: words, stride: words, ..values.clone() };
        for rows in row_chunks(&ctx, &[values, &all, out.matrix()]) {
            let buffer = rec.scratch("embag.codes", (rows.len() * words) as u64 * 4)?;
            let codes = Matrix { buffer, rows: rows.len(), ..all.clone() };
            quantize(rec, &values.row_part(rows.start, rows.len()), &quant, &codes)?;
            self.product(rec, &codes, &quant, out, rows.start, activation)?;
        }
        Ok(())
    }

    /// The product for rows of codes, into as many rows of the output from `first` on.
    fn product(
        &self,
        rec: &mut Recorder,
        codes: &Matrix,
        quant: &Buffer,
        out: Activations<'_>,
        first: usize,
        activation: Activation,
    ) -> Result<()> {
        let ctx = rec.context().clone();
        let part = out.matrix().row_part(first, codes.rows());
        let (from, to) = (codes.place(&ctx, "x")?, part.place(&ctx, "out")?);
        let (m, n) = (word("rows", codes.rows())?, word("columns", self.outputs)?);
        let words = from.stride;
        let slices = match ctx.shape() {
            Shape::Wide => tile::slices(m, n, words, SHORTEST_SLICE),
            Shape::Serial | Shape::Any => 1,
        };
        let k_slice = words.div_ceil(slices).next_multiple_of(linear_int8::SLICE);
        let slices = words.div_ceil(k_slice);
        let mut params = linear_int8::Params {
            m,
            n,
            words,
            codes_base: from.base,
            out_base: to.base,
            out_stride: to.stride,
            activation: activation.code(),
            lanes_n: linear_int8::lanes_n(n),
            slices,
            k_slice,
            ..linear_int8::Params::default()
        };
        if let Activations::Codes(codes) = out {
            let quant = codes.quant();
            (params.coded, params.out_inverse) = (1, 1.0 / quant.scale);
            params.out_zero_point = quant.zero_point.into();
        }
        let mut bindings = linear_int8::Bindings {
            codes: from.binding,
            weights: self.weights.clone(),
            channels: self.channels.clone(),
            quant: quant.clone(),
            out: to.binding,
        };
        let tile = ctx.matmul_tile(m, n, slices);
        let variant = linear_int8::variant(self.packed_dot, tile);
        let groups = linear_int8::groups(tile, m, n) * slices;
        if slices == 1 {
            rec.dispatch(Dispatch::new(variant, &params, bindings, groups));
            return Ok(());
        }
        let sums = rec.scratch("embag.slices", u64::from(m) * u64::from(n) * u64::from(slices) * 4)?;
        let join = sum_slices_int8::Params {
            m,
            n,
            slices,
            out_base: params.out_base,
            out_stride: params.out_stride,
            activation: params.activation,
            coded: params.coded,
            out_inverse: params.out_inverse,
            out_zero_point: params.out_zero_point,
        };
        let joined = sum_slices_int8::Bindings {
            slices: sums.clone(),
            channels: bindings.channels.clone(),
            quant: bindings.quant.clone(),
            out: std::mem::replace(&mut bindings.out, sums),
        };
        (params.out_base, params.out_stride, params.slice_stride) = (0, n, m * n);
        rec.dispatch(Dispatch::new(variant, &params, bindings, groups));
        rec.dispatch(Dispatch::threads(0, &join, joined, m * n.div_ceil(4)));
        Ok(())
    }

    /// The weight of inputs that are codes, read back. Blocks.
    ///
    /// # Errors
    /// [`Error::Device`] if the device fails.
    pub fn weight(&self, ctx: &Context) -> Result<QuantizedWeight> {
        let words = linear_int8::words(self.inputs);
        let panels: Vec<u8> = self.weights.read(ctx)?;
        let at = |n: usize, k: usize| ((n / PANEL * words + k / 4) * PANEL + n % PANEL) * 4 + k % 4;
        let codes = (0..self.outputs)
            .flat_map(|n| (0..self.inputs).map(move |k| (n, k)))
            .map(|(n, k)| panels[at(n, k)].cast_signed())
            .collect();
        let scales = self.channels(ctx)?.iter().map(|channel| channel.scale).collect();
        QuantizedWeight::from_codes(codes, scales, self.outputs, self.inputs, 8, self.inputs)
    }

    /// The bias, read back. Blocks.
    ///
    /// # Errors
    /// [`Error::Device`] if the device fails.
    pub fn bias(&self, ctx: &Context) -> Result<Vec<f32>> {
        Ok(self.channels(ctx)?.iter().map(|channel| channel.bias).collect())
    }

    fn channels(&self, ctx: &Context) -> Result<Vec<OutputChannel>> {
        self.channels.read(ctx)
    }
}

/// Scale and zero point of a batch, in scratch memory.
fn range_quant(rec: &mut Recorder, x: &Matrix, bits: ActivationBits) -> Result<Buffer> {
    let ctx = rec.context().clone();
    let chunks = row_chunks(&ctx, &[x]);
    let cols = word("columns", x.cols())?;
    let group_rows = |rows: usize| word("rows", rows).map(|rows| activation_range::group_rows(rows, cols));
    let groups = |rows: usize| Ok::<_, Error>(word("rows", rows)?.div_ceil(group_rows(rows)?));
    let pairs = chunks.iter().map(|rows| groups(rows.len())).sum::<Result<u32>>()?;
    let keys = rec.scratch("embag.range", u64::from(pairs) * 8)?;
    let mut first = 0;
    for rows in chunks {
        let place = x.row_part(rows.start, rows.len()).place(&ctx, "x")?;
        let params = activation_range::Params {
            rows: word("rows", rows.len())?,
            cols,
            input_base: place.base,
            input_stride: place.stride,
            group_rows: group_rows(rows.len())?,
            first,
        };
        let groups = groups(rows.len())?;
        let bindings = activation_range::Bindings { input: place.binding, keys: keys.clone() };
        let variant = usize::from(!place.vec4);
        rec.dispatch(Dispatch::new(variant, &params, bindings, groups));
        first += groups;
    }
    let quant = rec.scratch("embag.quant", 8)?;
    // a batch of no rows has no range, and none is asked for
    if pairs > 0 {
        let params = activation_scale::Params { pairs, levels: bits.levels(), nothing: 0 };
        rec.dispatch(Dispatch::new(0, &params, activation_scale::Bindings { keys, quant: quant.clone() }, 1));
    }
    Ok(quant)
}
