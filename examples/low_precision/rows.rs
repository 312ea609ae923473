//! Rows of normal numbers in few bits: how much of them is lost, by dim.

use embag::quant::accuracy::Shadow;
use embag::quant::{QuantizedBags, RangeSearch, RowFormat};
use embag::{Context, Pooling, Result};
use serde::Serialize;

use crate::random::{generator, normal};

/// The dims that are tried.
pub const DIMS: [usize; 4] = [16, 32, 64, 128];
/// Rows of each dim.
const ROWS: usize = 4000;
/// The stream of a dim's numbers is its place in [`DIMS`].
const SEED: u64 = 2;

/// Relative errors of rows of a dim.
#[derive(Debug, Clone, Serialize)]
pub struct RowErrors {
    pub dim: usize,
    pub int8: f64,
    pub int4: f64,
    pub int4_greedy: f64,
    /// Rows that the greedy search makes worse.
    pub worse: usize,
}

pub fn measure(ctx: &Context) -> Result<Vec<RowErrors>> {
    DIMS.iter().zip(0..).map(|(&dim, stream)| of(ctx, dim, stream)).collect()
}

fn of(ctx: &Context, dim: usize, stream: u64) -> Result<RowErrors> {
    let mut rng = generator(SEED, stream);
    #[expect(clippy::cast_possible_truncation, reason = "rounded on purpose, and far from f32's ends")]
    let values: Vec<f32> = (0..ROWS * dim).map(|_| normal(&mut rng) as f32).collect();
    let restored = |format, search| restore(ctx, &values, dim, format, search);
    let int4 = restored(RowFormat::Int4, RangeSearch::MinMax)?;
    let greedy = restored(RowFormat::Int4, RangeSearch::Greedy)?;
    let squares = |row: &[f32], other: &[f32]| -> f64 {
        row.iter().zip(other).map(|(a, b)| (f64::from(*a) - f64::from(*b)).powi(2)).sum()
    };
    let rows = values.chunks(dim).zip(int4.chunks(dim)).zip(greedy.chunks(dim));
    let worse = rows.filter(|((row, int4), greedy)| squares(row, greedy) > squares(row, int4) * (1.0 + 1e-6));
    Ok(RowErrors {
        dim,
        int8: relative_l2(&values, &restored(RowFormat::Int8, RangeSearch::MinMax)?)?,
        int4: relative_l2(&values, &int4)?,
        int4_greedy: relative_l2(&values, &greedy)?,
        worse: worse.count(),
    })
}

/// What is left of rows that were kept in a format.
pub fn restore(
    ctx: &Context,
    values: &[f32],
    dim: usize,
    format: RowFormat,
    search: RangeSearch,
) -> Result<Vec<f32>> {
    let rows = values.len() / dim;
    let mut bags = QuantizedBags::builder(ctx)
        .table("rows", rows, dim, format)
        .feature("rows", "rows", Pooling::Sum)
        .build()?;
    bags.upload("rows", values, search)?;
    bags.download("rows")
}

/// The root of the errors' sum of squares over that of the values.
pub fn relative_l2(reference: &[f32], other: &[f32]) -> Result<f64> {
    let mut shadow = Shadow::default();
    shadow.add("values", reference, other)?;
    Ok(shadow.report().parts[0].relative_l2)
}
