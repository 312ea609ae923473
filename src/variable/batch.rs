//! Which rows are meant.

use std::sync::Arc;

use super::VariableRows;
use super::layout::Layout;
use crate::bag::{Id, as_given};
use crate::device::Buffer;
use crate::{Error, Result};

/// Rows by their numbers, on the device; made by [`VariableRows::batch`] and [`VariableRows::bags`].
#[derive(Debug, Clone)]
pub struct VariableBatch {
    pub(super) layout: Arc<Layout>,
    pub(super) len: u32,
    /// For each id the key of its row.
    pub(super) keys: Buffer,
    /// Where each id's row begins among the values of all, and where the last ends.
    pub(super) offsets: Buffer,
    pub(super) values: u32,
    pub(super) bags: Option<Bags>,
}

/// Which ids are pooled.
#[derive(Debug, Clone)]
pub(super) struct Bags {
    pub(super) count: u32,
    pub(super) offsets: Buffer,
    /// Ids of the longest.
    pub(super) longest: u32,
}

impl VariableBatch {
    /// Number of ids.
    #[must_use]
    pub fn len(&self) -> usize {
        self.len as usize
    }

    /// Whether there are no ids.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Columns of the bags' sums: those of the widest row of all.
    pub(crate) fn output_cols(&self) -> usize {
        self.layout.widest() as usize
    }

    /// Number of bags; of ids, if they are in none.
    pub(crate) fn examples(&self) -> usize {
        self.bags.as_ref().map_or(self.len, |bags| bags.count) as usize
    }

    /// Number of values of all rows, one after the other.
    #[must_use]
    pub fn values(&self) -> usize {
        self.values as usize
    }

    /// `len + 1` offsets (`u32`): the values of id `i` are `offsets[i] .. offsets[i + 1]`.
    #[must_use]
    pub fn offsets(&self) -> &Buffer {
        &self.offsets
    }
}

impl VariableRows {
    /// A batch of rows by their numbers; a number may be there several times.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] for the first id that is no row, or if there are 2^32 values or more in
    /// all.
    pub fn batch<I: Id>(&self, ids: &[I]) -> Result<VariableBatch> {
        let too_many = || Error::invalid("ids", "fewer than 2^32 values in all their rows", "more");
        let first_key = &self.store.tables().plan().first_key;
        let mut keys = Vec::with_capacity(ids.len());
        let mut offsets = Vec::with_capacity(ids.len() + 1);
        let mut end = 0u32;
        for (i, id) in ids.iter().enumerate() {
            let Ok(place) = self.place(id.number()) else {
                let expected = format!("a row below {}", self.layout.rows);
                return Err(Error::invalid(format!("ids[{i}]"), expected, as_given(id.number(), I::SIGNED)));
            };
            keys.push(first_key[place.table] + place.row);
            offsets.push(end);
            end = end.checked_add(place.dim).ok_or_else(too_many)?;
        }
        offsets.push(end);
        let ctx = self.context();
        Ok(VariableBatch {
            layout: self.layout.clone(),
            // each has at least one value
            len: u32::try_from(keys.len()).map_err(|_| too_many())?,
            keys: Buffer::from_slice(ctx, &keys)?,
            offsets: Buffer::from_slice(ctx, &offsets)?,
            values: end,
            bags: None,
        })
    }

    /// A batch of bags of rows: the first `lengths[0]` ids are the first bag, and so on.
    ///
    /// # Errors
    /// As [`VariableRows::batch`], and if the sum of the lengths is not the number of ids.
    pub fn bags<I: Id>(&self, ids: &[I], lengths: &[u32]) -> Result<VariableBatch> {
        let sum: u64 = lengths.iter().map(|&length| u64::from(length)).sum();
        if sum != ids.len() as u64 {
            return Err(Error::invalid("lengths", format!("a sum of {} ids", ids.len()), sum));
        }
        let batch = self.batch(ids)?;
        let Ok(count) = u32::try_from(lengths.len()) else {
            return Err(Error::invalid("lengths", "fewer than 2^32", lengths.len()));
        };
        let mut end = 0;
        let offsets: Vec<u32> = std::iter::once(0)
            .chain(lengths.iter().map(|length| {
                end += length;
                end
            }))
            .collect();
        let longest = lengths.iter().copied().max().unwrap_or(0);
        let bags = Bags { count, offsets: Buffer::from_slice(self.context(), &offsets)?, longest };
        Ok(VariableBatch { bags: Some(bags), ..batch })
    }

    /// Refuses a batch of other rows.
    pub(super) fn check_batch(&self, batch: &VariableBatch) -> Result<()> {
        if !Arc::ptr_eq(&self.layout, &batch.layout) {
            return Err(Error::invalid("batch", "one of these rows", "one of others"));
        }
        Ok(())
    }
}
