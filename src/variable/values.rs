//! The values of a batch's rows, in one of three shapes.

use super::{VariableBatch, VariableRows};
use crate::bag::Pooling;
use crate::device::{Buffer, Dispatch, Matrix, Recorder};
use crate::kernels::variable_terms::{BY_BAG, BY_OFFSET, BY_ROW, Bindings, Params};
use crate::update::KeyTerms;
use crate::{Error, Result};

/// The values of a batch's rows, or their gradients.
#[derive(Debug, Clone)]
pub enum RowValues {
    /// One row after the other without gaps: as many `f32` as [`VariableBatch::values`].
    Jagged(Buffer),
    /// A row of the matrix for each id: its columns are the first ones. `[len, widest]`.
    Padded(Matrix),
    /// A row of the matrix for each bag, whose ids all get it, for a mean divided by their number. `[bags,
    /// widest]`.
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
        let len = batch.len;
        let mut params = Params {
            len,
            first: 0,
            out_first: 0,
            place: BY_OFFSET,
            bags: 1,
            first_bag: 0,
            mean: 0,
            base: 0,
            stride: 0,
        };
        let (grad, begins, vec4) = match values {
            RowValues::Jagged(buffer) => {
                self.check_jagged(batch, name, buffer)?;
                (buffer.clone(), batch.offsets.clone(), self.all_vec4())
            }
            RowValues::Padded(matrix) => {
                let place = self.check_matrix(len, name, matrix)?.place(rec.context(), name)?;
                params = Params { place: BY_ROW, base: place.base, stride: place.stride, ..params };
                (place.binding, batch.offsets.clone(), place.vec4)
            }
            RowValues::Pooled(matrix, pooling) => {
                let bags = batch.bags.as_ref().ok_or_else(no_bags)?;
                let place = self.check_matrix(bags.count, name, matrix)?.place(rec.context(), name)?;
                params = Params {
                    place: BY_BAG,
                    bags: bags.count,
                    mean: u32::from(check_pooling(*pooling)?),
                    base: place.base,
                    stride: place.stride,
                    ..params
                };
                (place.binding, bags.offsets.clone(), place.vec4)
            }
        };
        let terms = rec.scratch("embag.terms", u64::from(len) * 8)?;
        rec.dispatch(Dispatch::threads(0, &params, Bindings { begins, terms: terms.clone() }, len));
        Ok(KeyTerms { len, keys: batch.keys.clone(), terms, grad, vec4 })
    }

    pub(super) fn check_jagged(&self, batch: &VariableBatch, name: &str, values: &Buffer) -> Result<()> {
        let expected = u64::from(batch.values) * 4;
        if values.size() != expected {
            let expected = format!("{} values, {expected} bytes", batch.values);
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
        Ok(())
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

pub(super) fn no_bags() -> Error {
    Error::invalid("batch", "one with bags (VariableRows::bags)", "one without")
}

/// Whether it is a mean.
pub(super) fn check_pooling(pooling: Pooling) -> Result<bool> {
    match pooling {
        Pooling::Sum => Ok(false),
        Pooling::Mean => Ok(true),
        other => Err(Error::invalid("pooling", "a sum or mean", format!("{other:?}"))),
    }
}
