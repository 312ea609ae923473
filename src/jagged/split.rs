//! A tensor as several.

use super::KeyedJagged;
use super::blocks::Size;
use crate::device::Recorder;
use crate::numbers::narrow;
use crate::{Error, Result};

impl KeyedJagged {
    /// Records this tensor as parts of `sizes` features each, from the first feature on.
    ///
    /// `values` are the numbers of values of the parts, and may be `None` if the counts are known.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] if the sum of the sizes is not the number of features; otherwise as
    /// [`KeyedJagged::permute`].
    pub fn split_features(
        &self,
        rec: &mut Recorder,
        sizes: &[usize],
        values: Option<&[usize]>,
    ) -> Result<Vec<Self>> {
        let firsts = firsts(sizes, self.features, "features")?;
        let values = values.map(|values| part_values(values, sizes.len(), self.len())).transpose()?;
        let sizes = (0..sizes.len()).map(|part| -> Result<(Vec<u32>, Size)> {
            let order: Vec<u32> = (firsts[part]..firsts[part + 1]).collect();
            let values = values.as_ref().map(|values| values[part]);
            let size = self.size_of(&order, values, &format!("values of part {part}"))?;
            Ok((order, size))
        });
        let sizes = sizes.collect::<Result<Vec<_>>>()?;
        rec.whole(|rec| {
            let parts = sizes.into_iter().enumerate().map(|(part, (order, size))| {
                self.gather(rec, &format!("the offsets of part {part}"), &order, 0..self.batch, size)
            });
            parts.collect()
        })
    }

    /// Records this tensor as parts of `sizes` examples each, from the first example on; `values` are the
    /// numbers of values of the parts.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] if the sum of the sizes is not the number of examples, or that of `values`
    /// not the number of values; [`Error::LimitExceeded`] or [`Error::Device`] if the memory cannot be had.
    /// Waiting gives [`Error::Offsets`] if `values` turn out to be wrong.
    pub fn split_batch(&self, rec: &mut Recorder, sizes: &[usize], values: &[usize]) -> Result<Vec<Self>> {
        let firsts = firsts(sizes, self.batch, "examples")?;
        let values = part_values(values, sizes.len(), self.len())?;
        let order: Vec<u32> = (0..self.features).collect();
        rec.whole(|rec| {
            let parts = values.into_iter().enumerate().map(|(part, values)| {
                let name = format!("the offsets of part {part}");
                let size = Size { values, counts: None };
                self.gather(rec, &name, &order, firsts[part]..firsts[part + 1], size)
            });
            parts.collect()
        })
    }
}

/// Where parts of these sizes begin and the last one ends, if together they are `all`.
fn firsts(sizes: &[usize], all: u32, what: &str) -> Result<Vec<u32>> {
    let sum = sizes.iter().fold(0usize, |sum, &size| sum.saturating_add(size));
    if sum != all as usize {
        return Err(Error::invalid("sizes", format!("a sum of {all}, the number of {what}"), sum));
    }
    let mut end = 0;
    let ends = sizes.iter().map(|&size| {
        // no more than the sum
        end += narrow(size);
        end
    });
    Ok(std::iter::once(0).chain(ends).collect())
}

/// The numbers of values of parts, if together they are all.
fn part_values(values: &[usize], parts: usize, all: u32) -> Result<Vec<u32>> {
    let sum = values.iter().fold(0usize, |sum, &count| sum.saturating_add(count));
    if values.len() != parts || sum != all as usize {
        return Err(Error::invalid(
            "values",
            format!("{parts} numbers whose sum is {all}"),
            format!("{} numbers whose sum is {sum}", values.len()),
        ));
    }
    // each is at most the sum, which is a u32
    Ok(values.iter().map(|&count| narrow(count)).collect())
}
