//! A few large weights, or the weights of a few large inputs, kept apart from those that are quantised.

use std::collections::HashSet;

use super::check_finite;
use crate::{Error, Result};

/// The outlier weights of a linear layer, sparse: `W = W_main + W_outlier`.
///
/// They are kept in `f32` as they are, and [`Outliers::add_product`] adds their part to the outputs of the
/// quantised rest, whose scales no longer have to reach them. It works on host slices, and adds to what comes
/// before an activation: give the layer [`Activation::None`](crate::dense::Activation::None), and apply the
/// activation afterwards.
#[derive(Debug, Clone, PartialEq)]
pub struct Outliers {
    outputs: usize,
    inputs: usize,
    /// Output by output: where each one's begin, and where the last one's end.
    offsets: Vec<usize>,
    columns: Vec<usize>,
    values: Vec<f32>,
}

impl Outliers {
    /// Takes the weights whose magnitude is above `threshold` out of `weight` of `[outputs, inputs]`, where
    /// zeros stay.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] if `weight` is no matrix of `inputs` columns or has a value that is not
    /// finite, or `threshold` is not a number; nothing is changed then.
    pub fn split_weights(weight: &mut [f32], inputs: usize, threshold: f32) -> Result<Self> {
        if threshold.is_nan() {
            return Err(Error::invalid("threshold", "a number", threshold));
        }
        Self::split(weight, inputs, |_, value| value.abs() > threshold)
    }

    /// Takes the weights of whole input channels out of `weight` of `[outputs, inputs]`, where zeros stay.
    /// Inputs of these channels then no longer matter to the quantised product, and may lie outside the range
    /// of its activations.
    ///
    /// # Errors
    /// As [`Outliers::split_weights`], and [`Error::InvalidArgument`] for a channel that is not there.
    pub fn split_channels(weight: &mut [f32], inputs: usize, channels: &[usize]) -> Result<Self> {
        if let Some(channel) = channels.iter().find(|channel| **channel >= inputs) {
            return Err(Error::invalid("channels", format!("below {inputs}"), channel));
        }
        let apart: HashSet<usize> = channels.iter().copied().collect();
        Self::split(weight, inputs, |channel, _| apart.contains(&channel))
    }

    fn split(weight: &mut [f32], inputs: usize, apart: impl Fn(usize, f32) -> bool) -> Result<Self> {
        if inputs == 0 || !weight.len().is_multiple_of(inputs) {
            let got = format!("{} values", weight.len());
            return Err(Error::invalid("weight", format!("rows of {inputs} inputs"), got));
        }
        check_finite("weight", weight)?;
        let outputs = weight.len() / inputs;
        let mut split = Self { outputs, inputs, offsets: vec![0], columns: Vec::new(), values: Vec::new() };
        for row in weight.chunks_mut(inputs) {
            for (column, value) in row.iter_mut().enumerate().filter(|(i, value)| apart(*i, **value)) {
                split.columns.push(column);
                split.values.push(std::mem::take(value));
            }
            split.offsets.push(split.values.len());
        }
        Ok(split)
    }

    /// How many weights were taken out.
    #[must_use]
    pub fn count(&self) -> usize {
        self.values.len()
    }

    /// Adds their part `x W_outlier^T` to `y`, for `x` of `[batch, inputs]` and `y` of `[batch, outputs]`.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] if the lengths are of no one batch; nothing is written then.
    pub fn add_product(&self, x: &[f32], y: &mut [f32]) -> Result<()> {
        let batch = x.len() / self.inputs;
        if batch * self.inputs != x.len() || batch * self.outputs != y.len() {
            let expected = format!("{} and {} values for each example", self.inputs, self.outputs);
            return Err(Error::invalid("x, y", expected, format!("{} and {} in all", x.len(), y.len())));
        }
        if self.outputs == 0 {
            return Ok(());
        }
        for (x, y) in x.chunks(self.inputs).zip(y.chunks_mut(self.outputs)) {
            for (y, ends) in y.iter_mut().zip(self.offsets.windows(2)) {
                let mine = ends[0]..ends[1];
                let terms = self.columns[mine.clone()].iter().zip(&self.values[mine]);
                *y += terms.fold(0.0, |sum, (&column, value)| sum + x[column] * value);
            }
        }
        Ok(())
    }
}

/// The channels whose magnitude is more than `factor` times the median one: those to keep apart. Magnitudes
/// may be those of activations (their range) or of a weight's columns.
///
/// # Errors
/// [`Error::InvalidArgument`] for a magnitude that is not finite, or a factor that is not a number.
pub fn outlier_channels(magnitudes: &[f32], factor: f32) -> Result<Vec<usize>> {
    if factor.is_nan() {
        return Err(Error::invalid("factor", "a number", factor));
    }
    check_finite("magnitudes", magnitudes)?;
    let mut sorted: Vec<f32> = magnitudes.iter().map(|magnitude| magnitude.abs()).collect();
    sorted.sort_unstable_by(f32::total_cmp);
    let median = sorted.get(sorted.len() / 2).copied().unwrap_or(0.0);
    let above = |channel: &usize| magnitudes[*channel].abs() > factor * median;
    Ok((0..magnitudes.len()).filter(above).collect())
}
