//! Ranges of the hidden channels of two linear layers made alike.

use super::check_finite;
use crate::{Error, Result};

/// Scales the channels between two linear layers, with nothing or a ReLU between them, so that each channel's
/// largest weights are about alike in both layers: one scale for a whole tensor then fits every channel
/// (cross-layer equalisation, Nagel et al., "Data-free quantization through weight equalization and bias
/// correction", 2019).
///
/// `first` is `[hidden, inputs]`, `bias` the first layer's, of `hidden` values, and `second` is `[outputs,
/// hidden]`. With `r1` and `r2` the largest magnitudes of channel `i` in row `i` of `first` and in column `i`
/// of `second`, that row and bias are divided and that column is multiplied by `s = sqrt(r1 / r2)`, rounded
/// to a power of two: as `relu(s x) = s relu(x)` the function stays the same, to the bit unless a number
/// leaves the range of normal `f32`, and the two magnitudes end within a factor of 2 of each other. Channels
/// without weights on either side stay as they are.
///
/// Returns the scales `s`, by which the hidden activations are smaller than before.
///
/// # Errors
/// [`Error::InvalidArgument`] if `first` or `second` is not a multiple of `bias` long, or a value is not
/// finite or a bias would not be afterwards; nothing is changed then.
pub fn equalize(first: &mut [f32], bias: &mut [f32], second: &mut [f32]) -> Result<Vec<f32>> {
    let hidden = bias.len();
    for (name, values) in [("first", &*first), ("bias", bias), ("second", second)] {
        if hidden == 0 || !values.len().is_multiple_of(hidden) {
            let expected = format!("a multiple of {hidden} hidden channels");
            return Err(Error::invalid(name, expected, format!("{} values", values.len())));
        }
        check_finite(name, values)?;
    }
    let inputs = first.len() / hidden;
    let largest = |magnitude: f32, weight: &f32| magnitude.max(weight.abs());
    let mut scales = Vec::with_capacity(hidden);
    for (channel, bias) in bias.iter().enumerate() {
        let row = &first[channel * inputs..][..inputs];
        let column = second.iter().skip(channel).step_by(hidden);
        let (r1, r2) = (row.iter().fold(0.0, largest), column.fold(0.0, largest));
        let scale = if r1 > 0.0 && r2 > 0.0 { (r1.log2() - r2.log2()) / 2.0 } else { 0.0 };
        // powers of two from the least normal one on have an inverse
        let scale = scale.round().clamp(-126.0, 126.0).exp2();
        // weights end near sqrt(r1 r2), which is finite, but a bias may be far larger than its weights
        if !(bias / scale).is_finite() {
            let expected = format!("one that is finite when channel {channel} is divided by {scale:e}");
            return Err(Error::invalid("bias", expected, bias));
        }
        scales.push(scale);
    }
    for (channel, &scale) in scales.iter().enumerate() {
        first[channel * inputs..][..inputs].iter_mut().for_each(|weight| *weight /= scale);
        bias[channel] /= scale;
        second.iter_mut().skip(channel).step_by(hidden).for_each(|weight| *weight *= scale);
    }
    Ok(scales)
}
