//! Features in another order.

use super::KeyedJagged;
use super::keyed::segments;
use super::offsets::count;
use crate::device::Recorder;
use crate::{Error, Result};

impl KeyedJagged {
    /// Records a tensor whose feature `i` is feature `order[i]` of this one; features may be repeated and
    /// left out.
    ///
    /// `values` is the number of values of the result. It may be `None` if the counts are known, or every
    /// feature is named once. This is FBGEMM's `permute_2D_sparse_data`.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] if there is no such feature, or `values` is missing or not what the counts
    /// say; [`Error::LimitExceeded`] or [`Error::Device`] if the memory cannot be had. Waiting gives
    /// [`Error::Offsets`] if `values` turns out to be wrong.
    pub fn permute(&self, rec: &mut Recorder, order: &[usize], values: Option<usize>) -> Result<Self> {
        let order = self.features_of(order)?;
        let values = values.map(|values| count("values", values)).transpose()?;
        let size = self.size_of(&order, values, "values")?;
        rec.whole(|rec| self.gather(rec, "the offsets of the permuted features", &order, 0..self.batch, size))
    }

    /// Features by number, if they are there and the result is not too large.
    fn features_of(&self, order: &[usize]) -> Result<Vec<u32>> {
        segments(count("order", order.len())?, self.batch)?;
        let features = order.iter().enumerate().map(|(i, &feature)| match u32::try_from(feature) {
            Ok(feature) if feature < self.features => Ok(feature),
            _ => {
                let expected = format!("a feature below {}", self.features);
                Err(Error::invalid(format!("order[{i}]"), expected, feature))
            }
        });
        features.collect()
    }
}
