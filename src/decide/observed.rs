//! What is learned of a round or an episode.

use std::ops::RangeInclusive;

use crate::device::Place;
use crate::{Context, Error, Matrix, Result};

/// Numbers that were observed, a row for each entry and a column for each instance: losses, rewards, costs,
/// budgets, gradients: element `row * instances + instance`. They are known to be finite, and how small and
/// large they are, so that what makes no sense is an error before anything is recorded: a NaN on the device
/// would stay in an instance for good.
#[derive(Debug, Clone)]
pub struct Observed {
    matrix: Matrix,
    range: RangeInclusive<f32>,
}

impl Observed {
    /// Puts numbers onto the device, row after row.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] if one is not finite or there are not `rows` x `instances` of them;
    /// [`Error::LimitExceeded`] or [`Error::Device`] if the memory cannot be had.
    pub fn from_slice(ctx: &Context, values: &[f32], rows: usize, instances: usize) -> Result<Self> {
        let range = range_of(values, instances)?;
        Ok(Self { matrix: Matrix::from_slice(ctx, values, rows, instances)?, range })
    }

    /// Looks at a matrix that is on the device, which waits for what is before it.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] if a number is not finite; [`Error::Device`] if the device is lost.
    pub fn from_matrix(ctx: &Context, matrix: Matrix) -> Result<Self> {
        let range = range_of(&matrix.to_vec(ctx)?, matrix.cols())?;
        Ok(Self { matrix, range })
    }

    /// Takes a matrix without a look, whose numbers lie in `range`, as the caller knows: what a kernel is
    /// about to write, for one. Where that is not so nothing says it: a NaN stays in its instance for good.
    #[must_use]
    pub fn known(matrix: Matrix, range: RangeInclusive<f32>) -> Self {
        Self { matrix, range }
    }

    /// A view of some of its rows, so that one upload holds many rounds.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] if there are not as many rows.
    pub fn row_range(&self, first: usize, rows: usize) -> Result<Self> {
        Ok(Self { matrix: self.matrix.row_range(first, rows)?, range: self.range.clone() })
    }

    /// The numbers.
    #[must_use]
    pub fn matrix(&self) -> &Matrix {
        &self.matrix
    }

    /// Refuses another shape, or numbers outside `range`.
    pub(super) fn check(
        &self,
        name: &str,
        rows: usize,
        instances: usize,
        range: RangeInclusive<f32>,
    ) -> Result<()> {
        self.matrix.check_shape(name, rows, instances)?;
        let is_empty = rows * instances == 0;
        if is_empty || (range.contains(self.range.start()) && range.contains(self.range.end())) {
            return Ok(());
        }
        let text = |range: &RangeInclusive<f32>| match (range.start(), range.end()) {
            (least, &f32::MAX) => format!("numbers of at least {least}"),
            (least, most) => format!("numbers from {least} to {most}"),
        };
        Err(Error::invalid(name, text(&range), text(&self.range)))
    }

    pub(super) fn place(&self, ctx: &Context, name: &'static str) -> Result<Place> {
        self.matrix.place(ctx, name)
    }
}

/// Gradients, costs and features, small enough for the sums and squares that are made of them; losses and
/// rewards; budgets.
pub(super) const MODERATE: RangeInclusive<f32> = -1e15..=1e15;
pub(super) const UNIT: RangeInclusive<f32> = 0.0..=1.0;
pub(super) const AT_LEAST_0: RangeInclusive<f32> = 0.0..=f32::MAX;

/// The smallest and the largest, if all are finite.
fn range_of(values: &[f32], instances: usize) -> Result<RangeInclusive<f32>> {
    if let Some(at) = values.iter().position(|value| !value.is_finite()) {
        let (row, instance) = (at / instances.max(1), at % instances.max(1));
        let got = format!("{} in row {row} of instance {instance}", values[at]);
        return Err(Error::invalid("values", "finite numbers", got));
    }
    let [least, most] =
        [f32::min as fn(f32, f32) -> f32, f32::max].map(|pick| values.iter().copied().reduce(pick));
    Ok(least.unwrap_or(0.0)..=most.unwrap_or(0.0))
}
