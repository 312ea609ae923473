//! The shift that quantised weights give to a layer's outputs, taken out of its bias.

use super::check_finite;
use crate::{Error, Result};

/// Corrects `bias` so that a linear layer with `quantized` weights has the expected outputs of the one with
/// `weight`: `bias += (weight - quantized) mean`, with `mean` the means of the inputs (bias correction, Nagel
/// et al., 2019).
///
/// Both weights are `[outputs, inputs]` in `f32`, the quantised ones as their codes are read back; `mean` has
/// `inputs` values, see [`column_means`], and `bias` has `outputs`. Sums are `f64`.
///
/// # Errors
/// [`Error::InvalidArgument`] if a length is wrong or a value, a corrected one too, not finite; nothing is
/// changed then.
pub fn correct_bias(weight: &[f32], quantized: &[f32], mean: &[f32], bias: &mut [f32]) -> Result<()> {
    let shape = format!("{} outputs x {} inputs", bias.len(), mean.len());
    for (name, values) in [("weight", weight), ("quantized", quantized)] {
        if bias.len().checked_mul(mean.len()) != Some(values.len()) {
            return Err(Error::invalid(name, shape, format!("{} values", values.len())));
        }
    }
    for (name, values) in [("weight", weight), ("quantized", quantized), ("mean", mean), ("bias", bias)] {
        check_finite(name, values)?;
    }
    let mut all = Vec::with_capacity(bias.len());
    for (output, bias) in bias.iter().enumerate() {
        let row = output * mean.len()..(output + 1) * mean.len();
        let shift = |((&w, &q), &x): ((&f32, &f32), &f32)| (f64::from(w) - f64::from(q)) * f64::from(x);
        let shifts: f64 = weight[row.clone()].iter().zip(&quantized[row]).zip(mean).map(shift).sum();
        #[expect(clippy::cast_possible_truncation, reason = "rounded to the bias's type")]
        let corrected = (f64::from(*bias) + shifts) as f32;
        all.push(corrected);
    }
    check_finite("corrected bias", &all)?;
    bias.copy_from_slice(&all);
    Ok(())
}

/// The mean of each column of `x`, rows of `columns` values: what [`correct_bias`] asks for.
///
/// # Errors
/// [`Error::InvalidArgument`] without a row, or if the last one is not whole.
pub fn column_means(x: &[f32], columns: usize) -> Result<Vec<f32>> {
    if columns == 0 || x.is_empty() || !x.len().is_multiple_of(columns) {
        let expected = format!("at least one row of {columns} values");
        return Err(Error::invalid("x", expected, format!("{} values", x.len())));
    }
    let mut sums = vec![0.0; columns];
    for row in x.chunks(columns) {
        sums.iter_mut().zip(row).for_each(|(sum, &x)| *sum += f64::from(x));
    }
    let rows = (x.len() / columns) as f64;
    #[expect(clippy::cast_possible_truncation, reason = "between values of f32")]
    let means = sums.into_iter().map(|sum| (sum / rows) as f32).collect();
    Ok(means)
}
