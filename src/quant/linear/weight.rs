//! Weights as signed codes with scales, on the host.

use crate::{Error, Result};

/// A weight of `[outputs, inputs]` as signed codes of a few bits: `weight[n][k] = scales[n][k / group] *
/// codes[n][k]`.
///
/// Each group of inputs of each output has a scale of its own, and no zero point: what is zero stays zero.
#[derive(Debug, Clone, PartialEq)]
pub struct QuantizedWeight {
    outputs: usize,
    inputs: usize,
    group: usize,
    bits: u32,
    codes: Vec<i8>,
    scales: Vec<f32>,
}

impl QuantizedWeight {
    /// Codes for a weight of `[outputs, inputs]`, row-major: `scale = max|w| / (2^(bits - 1) - 1/2)` over the
    /// group, `code = clamp(round(w / scale))` with ties to even, as PyTorch's per-channel observer does for
    /// 8 bits and groups as long as a row. No scale is below `2^-23`, so that weights below `1.5e-5` all
    /// through have few codes or none.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] if the sizes do not fit, `bits` is none of 2 to 8, or a value is not
    /// finite.
    pub fn quantize(weight: &[f32], outputs: usize, inputs: usize, bits: u32, group: usize) -> Result<Self> {
        check_sizes(weight.len(), outputs, inputs, bits, group)?;
        let (low, high) = (-f32::from(1u8 << (bits - 1)), f32::from(1u8 << (bits - 1)) - 1.0);
        let mut codes = Vec::with_capacity(weight.len());
        let mut scales = Vec::with_capacity(outputs * inputs.div_ceil(group));
        for (n, row) in weight.chunks(inputs).enumerate() {
            if let Some(value) = row.iter().find(|value| !value.is_finite()) {
                return Err(Error::invalid(format!("weight of output {n}"), "finite values", value));
            }
            for values in row.chunks(group) {
                let largest = values.iter().fold(0.0f32, |largest, value| largest.max(value.abs()));
                let scale = (largest / (high + 0.5)).max(f32::EPSILON);
                let inverse = 1.0 / scale;
                scales.push(scale);
                #[allow(clippy::cast_possible_truncation, reason = "-128 to 127")]
                codes.extend(
                    values.iter().map(|value| (value * inverse).round_ties_even().clamp(low, high) as i8),
                );
            }
        }
        Ok(Self { outputs, inputs, group, bits, codes, scales })
    }

    /// Takes codes and scales that were made elsewhere: codes of `[outputs, inputs]`, scales of
    /// `[outputs, inputs / group, rounded up]`.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] if the sizes do not fit, a code has more bits, or a scale is not finite or
    /// negative.
    pub fn from_codes(
        codes: Vec<i8>,
        scales: Vec<f32>,
        outputs: usize,
        inputs: usize,
        bits: u32,
        group: usize,
    ) -> Result<Self> {
        check_sizes(codes.len(), outputs, inputs, bits, group)?;
        let expected = outputs * inputs.div_ceil(group);
        if scales.len() != expected {
            return Err(Error::invalid("scales", format!("{expected} values"), scales.len()));
        }
        if let Some(scale) = scales.iter().find(|scale| !(scale.is_finite() && **scale >= 0.0)) {
            return Err(Error::invalid("scales", "finite values, none negative", scale));
        }
        let limit = 1i16 << (bits - 1);
        if let Some(code) = codes.iter().find(|&&code| !(-limit..limit).contains(&code.into())) {
            return Err(Error::invalid("codes", format!("signed numbers of {bits} bits"), code));
        }
        Ok(Self { outputs, inputs, group, bits, codes, scales })
    }

    /// Rows of the weight.
    #[must_use]
    pub fn outputs(&self) -> usize {
        self.outputs
    }

    /// Columns of the weight.
    #[must_use]
    pub fn inputs(&self) -> usize {
        self.inputs
    }

    /// Inputs that share a scale.
    #[must_use]
    pub fn group(&self) -> usize {
        self.group
    }

    /// Bits of a code.
    #[must_use]
    pub fn bits(&self) -> u32 {
        self.bits
    }

    /// The codes, `[outputs, inputs]`.
    #[must_use]
    pub fn codes(&self) -> &[i8] {
        &self.codes
    }

    /// The scales, `[outputs, groups of a row]`.
    #[must_use]
    pub fn scales(&self) -> &[f32] {
        &self.scales
    }

    /// The values that the codes stand for, `[outputs, inputs]`.
    #[must_use]
    pub fn dequantized(&self) -> Vec<f32> {
        let rows = self.codes.chunks(self.inputs).zip(self.scales.chunks(self.inputs.div_ceil(self.group)));
        rows.flat_map(|(codes, scales)| {
            let groups = codes.chunks(self.group).zip(scales);
            groups.flat_map(|(codes, scale)| codes.iter().map(move |&code| f32::from(code) * scale))
        })
        .collect()
    }
}

fn check_sizes(values: usize, outputs: usize, inputs: usize, bits: u32, group: usize) -> Result<()> {
    if outputs == 0 || inputs == 0 || outputs.checked_mul(inputs) != Some(values) {
        let expected = format!("{outputs} x {inputs} values, at least one");
        return Err(Error::invalid("weight", expected, values));
    }
    if !(2..=8).contains(&bits) {
        return Err(Error::invalid("bits", "2 to 8", bits));
    }
    if group == 0 || group > inputs {
        return Err(Error::invalid("group", format!("1 to {inputs} inputs"), group));
    }
    Ok(())
}
