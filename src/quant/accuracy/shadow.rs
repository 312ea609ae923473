//! What each part of a quantised model gives, held against an `f32` model that runs beside it.

use std::fmt;

use serde::Serialize;

use crate::{Context, Error, Matrix, Result};

/// Errors of a model's parts, added up over batches.
///
/// Values and outputs alike can be compared: a table's rows with the rows that were quantised, or what a
/// layer gives in both models for the same batch.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Shadow {
    parts: Vec<Sums>,
}

#[derive(Debug, Clone, PartialEq)]
struct Sums {
    name: String,
    values: u64,
    /// Sums of squares.
    reference: f64,
    error: f64,
    max_error: f64,
}

/// The errors of one part.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct PartError {
    /// The part's name.
    pub name: String,
    /// Values compared.
    pub values: u64,
    /// The root of the errors' sum of squares over that of the reference's values.
    pub relative_l2: f64,
    /// The largest error of a value.
    pub max_error: f64,
    /// Signal to quantisation noise ratio in decibels: `-20 log10(relative_l2)`.
    pub sqnr: f64,
}

/// What a [`Shadow`] comes to.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ShadowReport {
    /// The worst first, by their relative error. In JSON what is not finite is null.
    pub parts: Vec<PartError>,
}

impl Shadow {
    /// Adds a batch of a part's values, in `f32` and as the quantised model has them. A quantised value that
    /// is not finite is an infinite error.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] if the lengths differ or a value of the reference is not finite; nothing is
    /// added then.
    pub fn add(&mut self, name: &str, reference: &[f32], quantized: &[f32]) -> Result<()> {
        if reference.len() != quantized.len() {
            let expected = format!("{} values, as many as the reference has", reference.len());
            return Err(Error::invalid(name, expected, quantized.len()));
        }
        if let Some(at) = reference.iter().position(|value| !value.is_finite()) {
            let got = format!("{} at {at} of the reference", reference[at]);
            return Err(Error::invalid(name, "finite values", got));
        }
        let at = self.parts.iter().position(|part| part.name == name).unwrap_or_else(|| {
            let name = name.to_owned();
            self.parts.push(Sums { name, values: 0, reference: 0.0, error: 0.0, max_error: 0.0 });
            self.parts.len() - 1
        });
        let part = &mut self.parts[at];
        part.values += reference.len() as u64;
        for (&r, &q) in reference.iter().zip(quantized) {
            let (r, q) = (f64::from(r), f64::from(q));
            let error = if q.is_finite() { (q - r).abs() } else { f64::INFINITY };
            part.reference += r * r;
            part.error += error * error;
            part.max_error = part.max_error.max(error);
        }
        Ok(())
    }

    /// [`Shadow::add`] of two matrices of one shape, read from the device; blocks.
    ///
    /// # Errors
    /// As [`Shadow::add`], and [`Error::Device`] if the device fails.
    pub fn add_matrices(
        &mut self,
        ctx: &Context,
        name: &str,
        reference: &Matrix,
        quantized: &Matrix,
    ) -> Result<()> {
        quantized.check_shape(name, reference.rows(), reference.cols())?;
        self.add(name, &reference.to_vec(ctx)?, &quantized.to_vec(ctx)?)
    }

    /// The errors of all parts, the worst first; parts alike stay in the order in which they came.
    #[must_use]
    pub fn report(&self) -> ShadowReport {
        let mut parts: Vec<PartError> = self.parts.iter().map(Sums::part_error).collect();
        parts.sort_by(|a, b| b.relative_l2.total_cmp(&a.relative_l2));
        ShadowReport { parts }
    }
}

impl Sums {
    fn part_error(&self) -> PartError {
        // without an error there is none, whatever the reference
        let relative_l2 = if self.error == 0.0 { 0.0 } else { (self.error / self.reference).sqrt() };
        PartError {
            name: self.name.clone(),
            values: self.values,
            relative_l2,
            max_error: self.max_error,
            sqnr: -20.0 * relative_l2.log10(),
        }
    }
}

impl fmt::Display for ShadowReport {
    /// A table, a part a line.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names = self.parts.iter().map(|part| part.name.chars().count());
        let width = names.fold("part".len(), usize::max);
        write!(
            f,
            "{:<width$}  {:>12}  {:>12}  {:>12}  {:>8}",
            "part", "values", "relative L2", "max error", "SQNR"
        )?;
        for PartError { name, values, relative_l2, max_error, sqnr } in &self.parts {
            write!(
                f,
                "\n{name:<width$}  {values:>12}  {relative_l2:>12.3e}  {max_error:>12.3e}  {sqnr:>5.1} dB"
            )?;
        }
        Ok(())
    }
}
