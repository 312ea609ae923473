//! First values of tables.

use super::RowFormat;
use crate::cpu::random_word;
use crate::{Error, Result};

/// How a table's values are made; they depend on the seed, the table, row and column alone.
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub enum Init {
    /// Uniform in `[-scale, scale)`; the same bits on every device.
    Uniform(f32),
    /// Normal with the given mean and standard deviation, made on the CPU.
    Normal {
        /// Mean.
        mean: f32,
        /// Standard deviation.
        std: f32,
    },
    /// One value everywhere.
    Constant(f32),
    /// Zero everywhere.
    Zero,
}

impl Default for Init {
    fn default() -> Self {
        Self::Uniform(0.05)
    }
}

impl Init {
    /// Whether the numbers make sense, and a table of this format can hold them.
    pub(crate) fn validate(self, table: &str, format: RowFormat) -> Result<()> {
        let values = match self {
            Self::Uniform(scale) => [scale, 0.0],
            Self::Normal { mean, std } => [mean, std],
            Self::Constant(value) => [value, 0.0],
            Self::Zero => [0.0; 2],
        };
        let argument = || format!("table \"{table}\" init");
        if let Some(value) = values.into_iter().find(|value| !value.is_finite()) {
            return Err(Error::invalid(argument(), "finite numbers", value));
        }
        match format.precision().map(|precision| (precision, precision.beyond(&values))) {
            Some((precision, Some((_, value)))) => {
                Err(Error::invalid(argument(), precision.expected(), value))
            }
            _ => Ok(()),
        }
    }
}

/// The seed of one of several tables.
pub(crate) fn table_seed(seed: u64, table: usize) -> u32 {
    let [low, high] = bytemuck::cast::<u64, [u32; 2]>(seed);
    // the table's number is small; its low bits are what counts
    random_word(low, high, bytemuck::cast::<u64, [u32; 2]>(table as u64)[0])
}

/// A normal value by Box and Muller (1958), in `f64`.
pub(crate) fn normal_value(seed: u32, row: u32, column: u32, mean: f32, std: f32) -> f32 {
    let unit = |word: u32| (f64::from(word) + 0.5) / 4_294_967_296.0;
    // columns are below 2^20: twice the number still fits
    let (u, v) = (random_word(seed, row, column * 2), random_word(seed, row, column * 2 + 1));
    let radius = (-2.0 * unit(u).ln()).sqrt();
    let z = radius * (std::f64::consts::TAU * unit(v)).cos();
    #[allow(clippy::cast_possible_truncation, reason = "rounding to f32 is meant")]
    let value = (f64::from(mean) + f64::from(std) * z) as f32;
    value
}

#[cfg(test)]
mod tests {
    use approx::assert_abs_diff_eq;

    use super::*;

    #[test]
    fn normal_values_have_their_moments() {
        let values: Vec<f64> = (0..1000)
            .flat_map(|row| (0..50).map(move |c| f64::from(normal_value(9, row, c, 2.0, 0.5))))
            .collect();
        let n = values.len() as f64;
        let mean = values.iter().sum::<f64>() / n;
        let variance = values.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / n;
        assert_abs_diff_eq!(mean, 2.0, epsilon = 0.01);
        assert_abs_diff_eq!(variance, 0.25, epsilon = 0.01);
    }

    #[test]
    fn tables_have_seeds_of_their_own() {
        assert_ne!(table_seed(7, 0), table_seed(7, 1));
        assert_ne!(table_seed(7, 0), table_seed(7 << 32, 0));
    }
}
