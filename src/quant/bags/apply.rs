//! Rows that follow a model in training.

use std::sync::{Mutex, MutexGuard, PoisonError};

use super::QuantizedBags;
use super::quantized_bags::cannot_keep;
use crate::delta::{Delta, TableRows};
use crate::device::Recorder;
use crate::quant::RangeSearch;
use crate::{Error, Result};

/// The model that rows are of, and its step that they are of.
#[derive(Debug)]
pub(super) struct Followed {
    pub(super) model: String,
    step: Mutex<u32>,
}

impl Followed {
    pub(super) fn new(model: String, step: u32) -> Self {
        Self { model, step: Mutex::new(step) }
    }

    pub(super) fn step(&self) -> MutexGuard<'_, u32> {
        self.step.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Bytes of rows that are replaced at once; a delta with more of them is replaced in parts.
const PIECE: u64 = 16 << 20;

impl QuantizedBags {
    /// The step of the model that the rows are of, if they follow one: those of bags that
    /// [note their changes](crate::bag::EmbeddingBagsBuilder::track_changes).
    #[must_use]
    pub fn step(&self) -> Option<u32> {
        self.followed.as_ref().map(|followed| *followed.step())
    }

    /// Quantises the rows of a [delta](crate::delta) in place of the old ones, and takes its new raw ids in,
    /// after everything submitted so far and while others look rows up: lookups submitted before see the old
    /// rows, later ones the new; none sees a part of a row. (Of a delta of more than 16 MiB lookups in between
    /// may see some rows already new.) Waits until it is done.
    ///
    /// Deltas come in their order: one must begin at or before the [step](Self::step) that is here, and end
    /// after it. After an error nothing has changed.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] if these bags follow no model or another one, for a delta that is here
    /// already or comes after others that are not, for tables or dims that are not here, and rows with values
    /// that cannot be kept; [`Error::RowOutOfRange`]; [`Error::Device`] if the device fails.
    pub fn apply(&self, delta: &Delta, search: RangeSearch) -> Result<()> {
        let Some(followed) = &self.followed else {
            let expected = "bags made of bags that track their changes";
            return Err(Error::invalid("delta", expected, "bags that follow no model"));
        };
        // one at a time
        let mut step = followed.step();
        delta.check_order(&followed.model, *step)?;
        let tables = delta.tables().map(|table| self.checked(table?)).collect::<Result<Vec<_>>>()?;
        for (index, of) in &tables {
            self.replace(*index, of, search)?;
        }
        *step = delta.until();
        Ok(())
    }

    /// The number of the table, if it can take the rows.
    fn checked<'a>(&self, of: TableRows<'a>) -> Result<(usize, TableRows<'a>)> {
        let (index, shape) = self.table(of.name)?;
        let argument = || format!("table \"{}\" of the delta", of.name);
        if of.dim != shape.dim as usize {
            return Err(Error::invalid(argument(), format!("{} columns", shape.dim), of.dim));
        }
        let directory = self.bags.directories().get(index);
        if directory.is_some() != of.ids.is_some() {
            let kind = |raw| if raw { "raw ids" } else { "rows" };
            return Err(Error::invalid(argument(), kind(directory.is_some()), kind(of.ids.is_some())));
        }
        if let Some(&row) = of.rows.last().filter(|&&row| row >= shape.rows) {
            let (row, rows) = (row.into(), shape.rows.into());
            return Err(Error::RowOutOfRange { table: of.name.to_owned(), row, rows });
        }
        if let Some((at, &value)) = of.values.iter().enumerate().find(|(_, v)| !shape.format.keeps(**v)) {
            return Err(cannot_keep(of.name, of.rows[at / of.dim].into(), shape.format, value));
        }
        if let (Some(directory), Some(ids)) = (directory, of.ids) {
            directory.check_rows(of.name, of.rows, ids)?;
        }
        Ok((index, of))
    }

    fn replace(&self, index: usize, of: &TableRows<'_>, search: RangeSearch) -> Result<()> {
        let store = self.bags.store().tables();
        let format = store.shape(index).format;
        let at_once = PIECE.min(self.context().limits().binding) / store.packed_row_bytes(index).max(1);
        let at_once = usize::try_from(at_once).unwrap_or(usize::MAX).max(1);
        let pieces = of.rows.chunks(at_once).zip(of.values.chunks(at_once * of.dim));
        for (rows, values) in pieces {
            let words = format.pack_with(values, of.dim, search == RangeSearch::Greedy);
            let mut rec = Recorder::new(self.context());
            store.record_replace(&mut rec, index, rows, &words)?;
            rec.run()?;
        }
        // ids are found when their rows are there
        match (self.bags.directories().get(index), of.ids) {
            (Some(directory), Some(ids)) => directory.take_rows(of.rows, ids),
            _ => Ok(()),
        }
    }
}
