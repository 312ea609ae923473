//! Where the outputs of features lie.

use std::sync::Arc;

use super::batch::Inner;
use super::{JaggedBatch, Pooling, Schema};
use crate::device::{Context, Matrix, Precision};
use crate::error::check_size;
use crate::{Error, Result};

/// Where the outputs of all features lie ([or of some](super::BatchBuilder::only)), or the gradients of these
/// outputs: in one matrix, or in one for each feature. Matrices may be of any [`Precision`] and parts of
/// wider ones; a reference to a matrix, or to several, is all that is needed:
///
/// ```
/// use embag::optim::Sgd;
/// use embag::{Context, EmbeddingBags, Matrix, Pooling, Precision, Recorder, Table};
///
/// let ctx = Context::cpu();
/// let mut bags = EmbeddingBags::builder(&ctx)
///     .table("movie", Table::rows(100).dim(4))
///     .feature("liked", "movie", Pooling::Mean)
///     .feature("seen", "movie", Pooling::None)
///     .optimizer(Sgd::default())
///     .build()?;
/// let batch =
///     bags.batch().bags("liked", &[7u32, 3, 9], &[2, 1]).bags("seen", &[1u32, 2, 3], &[1, 2]).build()?;
/// // two bags, and a row for each of three ids in a sequence
/// let outputs = [Matrix::zeros(&ctx, 2, 4)?, Matrix::zeros_of(Precision::F16, &ctx, 3, 4)?];
/// let mut rec = Recorder::new(&ctx);
/// bags.record_forward(&mut rec, &batch, &outputs)?;
/// bags.record_backward(&mut rec, &batch, &outputs)?; // here the outputs stand in for their gradients
/// rec.run()?;
/// # Ok::<(), embag::Error>(())
/// ```
#[derive(Debug, Clone, Copy)]
pub enum Outputs<'a> {
    /// The features side by side in their order, `[batch, sum of dims]`.
    SideBySide(&'a Matrix),
    /// A matrix for each feature in their order: `[examples, dim]` if it is pooled, `[ids, dim]` if it is a
    /// sequence.
    Features(&'a [Matrix]),
}

/// The gradients of outputs lie as the outputs do.
pub type Gradients<'a> = Outputs<'a>;

impl<'a> From<&'a Matrix> for Outputs<'a> {
    fn from(matrix: &'a Matrix) -> Self {
        Self::SideBySide(matrix)
    }
}

impl<'a> From<&'a [Matrix]> for Outputs<'a> {
    fn from(matrices: &'a [Matrix]) -> Self {
        Self::Features(matrices)
    }
}

impl<'a, const N: usize> From<&'a [Matrix; N]> for Outputs<'a> {
    fn from(matrices: &'a [Matrix; N]) -> Self {
        Self::Features(matrices)
    }
}

impl<'a> From<&'a Vec<Matrix>> for Outputs<'a> {
    fn from(matrices: &'a Vec<Matrix>) -> Self {
        Self::Features(matrices)
    }
}

impl Outputs<'_> {
    /// Refuses matrices that are not of the shapes of a batch's outputs; `name` is that of a single matrix.
    pub(crate) fn check(&self, schema: &Arc<Schema>, batch: &JaggedBatch, name: &str) -> Result<()> {
        batch.fits(schema)?;
        match self {
            Self::SideBySide(matrix) => {
                side_by_side(schema, batch)?;
                check_size(name, (batch.len(), batch.output_cols()), (matrix.rows, matrix.cols))
            }
            Self::Features(matrices) => {
                let expected = feature_shapes(schema, batch)?;
                if matrices.len() != expected.len() {
                    let expected = format!("{} matrices, one for each feature", expected.len());
                    return Err(Error::invalid(format!("{name}s"), expected, matrices.len()));
                }
                for (feature, (matrix, expected)) in batch.inner.features().zip(matrices.iter().zip(expected))
                {
                    let name = format!("{name}s of feature \"{}\"", schema.features[feature].name);
                    check_size(&name, expected, (matrix.rows, matrix.cols))?;
                }
                Ok(())
            }
        }
    }

    /// The matrices, each with the features whose columns it holds and their first columns.
    pub(crate) fn placed(&self, batch: &JaggedBatch) -> Vec<(Matrix, Vec<(usize, u32)>)> {
        let Inner { schema, .. } = &*batch.inner;
        let features = batch.inner.features();
        match self {
            Self::SideBySide(matrix) => vec![((*matrix).clone(), schema.first_columns(features))],
            Self::Features(matrices) => {
                features.zip(*matrices).map(|(f, matrix)| (matrix.clone(), vec![(f, 0)])).collect()
            }
        }
    }
}

/// Room for the outputs of a batch in one matrix.
pub(crate) fn matrix_for(
    ctx: &Context,
    schema: &Arc<Schema>,
    batch: &JaggedBatch,
    precision: Precision,
) -> Result<Matrix> {
    batch.fits(schema)?;
    side_by_side(schema, batch)?;
    Matrix::output(precision, ctx, batch.len(), batch.output_cols())
}

/// Room for the outputs of a batch in a matrix for each feature.
pub(crate) fn matrices_for(
    ctx: &Context,
    schema: &Arc<Schema>,
    batch: &JaggedBatch,
    precision: Precision,
) -> Result<Vec<Matrix>> {
    batch.fits(schema)?;
    let shapes = feature_shapes(schema, batch)?.into_iter();
    shapes.map(|(rows, dim)| Matrix::output(precision, ctx, rows, dim)).collect()
}

/// Whether the outputs of a batch can lie side by side.
fn side_by_side(schema: &Schema, batch: &JaggedBatch) -> Result<()> {
    if batch.is_variable() {
        return Err(Error::invalid(
            "batch",
            "one number of examples for all features (or use a matrix for each feature)",
            "a variable batch",
        ));
    }
    if batch.inner.features().any(|feature| schema.features[feature].pooling == Pooling::None) {
        return Err(Error::invalid(
            "features",
            "only pooled ones for a single matrix (use a matrix for each feature)",
            "a sequence",
        ));
    }
    Ok(())
}

/// Rows and columns of each feature's own output.
fn feature_shapes(schema: &Schema, batch: &JaggedBatch) -> Result<Vec<(usize, usize)>> {
    let shape = |f: usize| Ok((batch.rows_of(f)? as usize, schema.features[f].shape.dim as usize));
    batch.inner.features().map(shape).collect()
}
