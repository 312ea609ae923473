//! The values of a batch's rows, in one of three shapes.

use super::batch::Jagged;
use super::{VariableBatch, VariableRows};
use crate::bag::{Gradient, Gradients, Pooling};
use crate::device::{Buffer, Dispatch, Matrix, Precision, Recorder};
use crate::kernels::variable_terms::{Bindings, Params};
use crate::update::KeyTerms;
use crate::{Error, Result};

/// The values of a batch's rows, or their gradients.
#[derive(Debug, Clone)]
pub enum RowValues {
    /// One row after the other without gaps: as many `f32` as [`VariableBatch::values`].
    Jagged(Buffer),
    /// A row of the matrix for each id: its columns are the first ones. `[len, widest]`.
    Padded(Matrix),
    /// A row of the matrix for each example, features side by side, whose ids all get it, for a mean divided by
    /// their number. `[examples, features * widest]`.
    Pooled(Matrix, Pooling),
}

impl VariableRows {
    /// Where the values of each id lie.
    pub(super) fn terms(
        &self,
        rec: &mut Recorder,
        batch: &VariableBatch,
        name: &'static str,
        values: &RowValues,
    ) -> Result<KeyTerms> {
        let len = batch.inner.inner.ids;
        let (grad, begins, params, vec4) = match values {
            RowValues::Jagged(buffer) => {
                let jagged = self.check_jagged(batch, name, buffer)?;
                let params = Params { len, jagged: 1, base: 0, stride: 0 };
                (buffer.clone(), jagged.offsets.clone(), params, self.all_vec4())
            }
            RowValues::Padded(matrix) => {
                let place = self.check_matrix(len, name, matrix)?.place(rec.context(), name)?;
                let params = Params { len, jagged: 0, base: place.base, stride: place.stride };
                let nothing = rec.scratch("embag.unused", 4)?;
                (place.binding, nothing, params, place.vec4)
            }
            RowValues::Pooled(matrix, pooling) => {
                check_pooling(*pooling)?;
                let pooled = batch.inner.pooled(*pooling);
                let grad = Gradients::from(matrix);
                grad.check(&pooled.inner.schema, &pooled, name)?;
                let gradient = Gradient::new(rec, &pooled, grad)?;
                return self.occurrences(rec, &pooled, &gradient, false);
            }
        };
        let terms = rec.scratch("embag.terms", u64::from(len) * 8)?;
        rec.dispatch(Dispatch::threads(0, &params, Bindings { begins, terms: terms.clone() }, len));
        Ok(KeyTerms { len, keys: batch.keys().clone(), terms, grad, vec4 })
    }

    pub(super) fn check_jagged<'a>(
        &self,
        batch: &'a VariableBatch,
        name: &str,
        values: &Buffer,
    ) -> Result<&'a Jagged> {
        let jagged = batch.jagged()?;
        let expected = u64::from(jagged.values) * 4;
        if values.size() != expected {
            let expected = format!("{} values, {expected} bytes", jagged.values);
            return Err(Error::invalid(name, expected, format!("{} bytes", values.size())));
        }
        let limit = self.context().limits().binding;
        if expected > limit {
            return Err(Error::LimitExceeded {
                what: format!("`{name}`"),
                needed: expected,
                limit,
                hint: "use a smaller batch",
            });
        }
        Ok(jagged)
    }

    /// Refuses rows of 16 bits, for what moves them as they are.
    pub(super) fn check_f32(&self) -> Result<()> {
        match self.store.precision(0) {
            Precision::F32 => Ok(()),
            other => Err(Error::invalid(
                "rows",
                "values of f32, which are moved as they are",
                format!("{other:?}"),
            )),
        }
    }

    pub(super) fn check_matrix<'a>(&self, rows: u32, name: &str, matrix: &'a Matrix) -> Result<&'a Matrix> {
        matrix.check_shape(name, rows as usize, self.widest())?;
        Ok(matrix)
    }

    /// Whether all rows, one after the other, begin at multiples of four values.
    pub(super) fn all_vec4(&self) -> bool {
        self.layout.tables.iter().all(|table| table.0.is_multiple_of(4))
    }
}

pub(super) fn check_pooling(pooling: Pooling) -> Result<()> {
    match pooling {
        Pooling::Sum | Pooling::Mean => Ok(()),
        other => Err(Error::invalid("pooling", "a sum or mean", format!("{other:?}"))),
    }
}
