//! Linear layers of weights of few bits and `f32` activations.

use super::layer::LayerPrecision;
use super::weight::QuantizedWeight;
use super::{check_bias, check_binding};
use crate::cpu::types::unpack;
use crate::dense::{Activation, Epilogue, Groups, Linear, grouped_product, record};
use crate::device::word;
use crate::kernel::elements::{TYPE_F16, TYPE_F32};
use crate::kernels::linear::Layout;
use crate::kernels::weight_rows::WeightRows;
use crate::{Buffer, Context, Error, Matrix, Recorder, Result};

/// A linear layer whose weights are kept as `f32` or `f16`, or as codes of 8 or 4 bits with a scale for each
/// group of inputs, and are turned into `f32` as they are used: `y = activation(x weight^T + bias)`, summed
/// in `f32`.
#[derive(Debug, Clone)]
pub struct WeightOnlyLinear {
    inputs: usize,
    activation: Activation,
    layout: Layout,
    groups: Groups,
    /// Words of the rows.
    weight: Matrix,
    bias: Matrix,
    /// The length of a group, of weights that have groups.
    group: usize,
}

impl WeightOnlyLinear {
    /// A layer of a weight of `[outputs, inputs]`, whose values are rounded to the nearest `f16`, and a bias
    /// for each output.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] if the sizes do not fit, or a value of the weight has no finite `f16` or
    /// one of the bias is not finite; [`Error::LimitExceeded`] if the weight is too large for the device to
    /// bind.
    pub fn f16(
        ctx: &Context,
        weight: &[f32],
        bias: &[f32],
        inputs: usize,
        activation: Activation,
    ) -> Result<Self> {
        let fits = |value: f32| half::f16::from_f32(value).is_finite();
        check_weight(weight, bias.len(), inputs, "values within the range of f16", fits)?;
        Self::of(ctx, Layout::NtF16, &WeightRows::f16(weight, inputs), bias, inputs, inputs, activation)
    }

    /// A layer of a weight of `[outputs, inputs]` that stays as it is, and a bias for each output.
    ///
    /// # Errors
    /// As [`WeightOnlyLinear::f16`], but that all finite values are right.
    pub fn f32(
        ctx: &Context,
        weight: &[f32],
        bias: &[f32],
        inputs: usize,
        activation: Activation,
    ) -> Result<Self> {
        check_weight(weight, bias.len(), inputs, "finite values", |value| value.is_finite())?;
        Self::of(ctx, Layout::Nt, &WeightRows::f32(weight, inputs), bias, inputs, inputs, activation)
    }

    /// A layer of a weight of 8 or 4 bits, in groups of a power of two from 4 on or of whole rows, and a bias
    /// for each output.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] for other bits or groups, or a bias that does not fit or is not finite;
    /// [`Error::LimitExceeded`] if the weight is too large for the device to bind.
    pub fn quantized(
        ctx: &Context,
        weight: &QuantizedWeight,
        bias: &[f32],
        activation: Activation,
    ) -> Result<Self> {
        let (inputs, group) = (weight.inputs(), weight.group());
        let layout = match weight.bits() {
            8 => Layout::NtInt8,
            4 => Layout::NtInt4,
            bits => return Err(Error::invalid("bits", "8 or 4", bits)),
        };
        if group != inputs && !(group >= 4 && group.is_power_of_two()) {
            let expected = format!("a power of two from 4 on, or all {inputs} inputs");
            return Err(Error::invalid("group", expected, group));
        }
        let rows = WeightRows::codes(weight.bits(), weight.codes(), weight.scales(), inputs, group);
        check_bias(bias, weight.outputs())?;
        Self::of(ctx, layout, &rows, bias, inputs, group, activation)
    }

    /// The layer for a trained one, with the weight as it is. Blocks.
    ///
    /// # Errors
    /// As [`WeightOnlyLinear::f32`].
    pub fn f32_from(ctx: &Context, linear: &Linear) -> Result<Self> {
        let (weight, bias) = (linear.weight().to_vec(ctx)?, linear.bias().to_vec(ctx)?);
        Self::f32(ctx, &weight, &bias, linear.inputs(), linear.activation())
    }

    /// The layer for a trained one, with a weight of `f16`. Blocks.
    ///
    /// # Errors
    /// As [`WeightOnlyLinear::f16`].
    pub fn f16_from(ctx: &Context, linear: &Linear) -> Result<Self> {
        let (weight, bias) = (linear.weight().to_vec(ctx)?, linear.bias().to_vec(ctx)?);
        Self::f16(ctx, &weight, &bias, linear.inputs(), linear.activation())
    }

    /// The layer for a trained one, whose weight is quantised on the host to 8 or 4 bits in groups. Blocks.
    ///
    /// # Errors
    /// As [`WeightOnlyLinear::quantized`], and [`Error::InvalidArgument`] for a weight that is not finite.
    pub fn quantized_from(ctx: &Context, linear: &Linear, bits: u32, group: usize) -> Result<Self> {
        let (outputs, inputs) = (linear.outputs(), linear.inputs());
        let weight = QuantizedWeight::quantize(&linear.weight().to_vec(ctx)?, outputs, inputs, bits, group)?;
        Self::quantized(ctx, &weight, &linear.bias().to_vec(ctx)?, linear.activation())
    }

    fn of(
        ctx: &Context,
        layout: Layout,
        rows: &WeightRows,
        bias: &[f32],
        inputs: usize,
        group: usize,
        activation: Activation,
    ) -> Result<Self> {
        check_bias(bias, bias.len())?;
        check_binding(ctx, &rows.words)?;
        let buffer = Buffer::from_slice(ctx, &rows.words)?;
        let groups = Groups { scales: word("inputs", rows.scales)?, shift: rows.group_shift };
        Ok(Self {
            inputs,
            activation,
            layout,
            groups,
            weight: Matrix::new(buffer, bias.len(), rows.stride, rows.stride)?,
            bias: Matrix::from_slice(ctx, bias, 1, bias.len())?,
            group,
        })
    }

    /// Columns of the input.
    #[must_use]
    pub fn inputs(&self) -> usize {
        self.inputs
    }

    /// Columns of the output.
    #[must_use]
    pub fn outputs(&self) -> usize {
        self.weight.rows()
    }

    /// What follows the layer.
    #[must_use]
    pub fn activation(&self) -> Activation {
        self.activation
    }

    /// In what precision the weight is kept.
    #[must_use]
    pub fn precision(&self) -> LayerPrecision {
        match self.layout.bits() {
            None => LayerPrecision::F32,
            Some(16) => LayerPrecision::F16,
            Some(bits) => LayerPrecision::WeightOnly { bits, group: self.group },
        }
    }

    /// Bytes in device memory, scales and bias included.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.weight.buffer().size() + self.bias.buffer().size()
    }

    /// Records the layer for `x` of `[batch, inputs]` and `out` of `[batch, outputs]`.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] if a shape does not fit, [`Error::LimitExceeded`] if one row is too large
    /// for the device to bind.
    pub fn record_forward(&self, rec: &mut Recorder, x: &Matrix, out: &Matrix) -> Result<()> {
        x.check_shape("x", x.rows(), self.inputs)?;
        out.check_shape("out", x.rows(), self.outputs())?;
        let epilogue =
            Epilogue { bias: Some(&self.bias), activation: self.activation, ..Epilogue::default() };
        let dispatches = grouped_product(rec, self.layout, self.groups, x, &self.weight, out, epilogue)?;
        record(rec, dispatches);
        Ok(())
    }

    /// The values of the weight as they are used, `[outputs, inputs]`, read back. Blocks.
    ///
    /// # Errors
    /// [`Error::Device`] if the device fails.
    pub fn weight(&self, ctx: &Context) -> Result<Vec<f32>> {
        if let Some(codes) = self.codes(ctx)? {
            return Ok(codes.dequantized());
        }
        let element = if self.layout == Layout::NtF16 { TYPE_F16 } else { TYPE_F32 };
        let words: Vec<u32> = self.weight.buffer().read(ctx)?;
        let mut values = vec![0.0; self.outputs() * self.inputs];
        for (values, row) in values.chunks_mut(self.inputs).zip(words.chunks(self.weight.stride())) {
            unpack(row, element, values);
        }
        Ok(values)
    }

    /// The weight's codes and scales, read back, if it has any. Blocks.
    ///
    /// # Errors
    /// [`Error::Device`] if the device fails.
    pub fn codes(&self, ctx: &Context) -> Result<Option<QuantizedWeight>> {
        let Some(bits @ (4 | 8)) = self.layout.bits() else { return Ok(None) };
        let groups = self.inputs.div_ceil(self.group);
        let words: Vec<u32> = self.weight.buffer().read(ctx)?;
        let rows = || words.chunks(self.weight.stride());
        let code = |row: &[u32], k: usize| {
            let bytes: &[u8] = bytemuck::cast_slice(row);
            match bits {
                8 => bytes[k].cast_signed(),
                // the first of a pair in the low bits, shifted up so that the sign comes down with it
                _ => (bytes[k / 2] << (4 - k % 2 * 4)).cast_signed() >> 4,
            }
        };
        let codes = rows().flat_map(|row| (0..self.inputs).map(move |k| code(row, k))).collect();
        let scales = rows().flat_map(|row| &row[self.groups.scales as usize..][..groups]);
        let scales = scales.map(|&bits| f32::from_bits(bits)).collect();
        QuantizedWeight::from_codes(codes, scales, self.outputs(), self.inputs, bits, self.group).map(Some)
    }

    /// The bias, read back. Blocks.
    ///
    /// # Errors
    /// [`Error::Device`] if the device fails.
    pub fn bias(&self, ctx: &Context) -> Result<Vec<f32>> {
        self.bias.to_vec(ctx)
    }
}

/// Refuses a weight of the wrong size, or with a value that cannot be kept.
fn check_weight(
    weight: &[f32],
    outputs: usize,
    inputs: usize,
    expected: &str,
    fits: impl Fn(f32) -> bool,
) -> Result<()> {
    if inputs == 0 || outputs == 0 || Some(weight.len()) != outputs.checked_mul(inputs) {
        let expected = format!("{outputs} x {inputs} values, at least one");
        return Err(Error::invalid("weight", expected, weight.len()));
    }
    match weight.iter().position(|&value| !fits(value)) {
        Some(at) => Err(Error::invalid(format!("weight of output {}", at / inputs), expected, weight[at])),
        None => Ok(()),
    }
}
