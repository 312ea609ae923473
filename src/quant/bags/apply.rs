//! Rows that follow a model in training.

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::QuantizedBags;
use super::quantized_bags::cannot_keep;
use crate::delta::{Delta, TableRows};
use crate::device::Recorder;
use crate::quant::RangeSearch;
use crate::table::TableStore;
use crate::{Error, Result};

/// The model that rows are of, and its step that they are of.
#[derive(Debug)]
pub(super) struct Followed {
    pub(super) model: String,
    step: AtomicU32,
    /// Held while rows are replaced, or all of them read.
    rows: Mutex<()>,
}

impl Followed {
    pub(super) fn new(model: String, step: u32) -> Self {
        Self { model, step: AtomicU32::new(step), rows: Mutex::default() }
    }

    pub(super) fn step(&self) -> u32 {
        self.step.load(Ordering::Acquire)
    }

    /// Until this is dropped, rows stay as they are.
    pub(super) fn hold(&self) -> MutexGuard<'_, ()> {
        self.rows.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl QuantizedBags {
    /// The step of the model that the rows are of, if they follow one: those of bags that
    /// [note their changes](crate::bag::EmbeddingBagsBuilder::track_changes).
    #[must_use]
    pub fn step(&self) -> Option<u32> {
        self.followed.as_ref().map(Followed::step)
    }

    /// Quantises the rows of a [delta](crate::delta) in place of the old ones, and takes its new raw ids in,
    /// after everything submitted so far and while others look rows up: lookups submitted before see the old
    /// rows and ids, later ones the new. (Of a delta of more than 16 MiB of rows, lookups in between may see
    /// some rows already new, but no part of a row.) Waits until it is done.
    ///
    /// Deltas come in their order: one must begin at or before the [step](Self::step) that is here, and end
    /// after it. A delta that is refused has changed nothing; after an error of the device it can be applied
    /// again.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] if these bags follow no model or another one, for a delta that is here
    /// already or comes after others that are not, for tables or dims that are not here, and rows with values
    /// that cannot be kept; [`Error::RowOutOfRange`]; [`Error::Device`] if the device fails.
    pub fn apply(&self, delta: &Delta, search: RangeSearch) -> Result<()> {
        let Some(followed) = &self.followed else {
            let expected = "bags made of bags that track their changes";
            return Err(Error::invalid("apply", expected, "bags that follow no model"));
        };
        let hold = followed.hold();
        delta.check_order(&followed.model, followed.step())?;
        let tables = delta.tables().map(|table| self.checked(table?)).collect::<Result<Vec<_>>>()?;
        let row_bytes = |index: usize| self.bags.store().tables().packed_row_bytes(index);
        let bytes: u64 = tables.iter().map(|(index, of)| of.rows.len() as u64 * row_bytes(*index)).sum();
        let mut rec = Recorder::new(self.context());
        for (index, of) in &tables {
            // a delta of more than a piece is replaced in parts
            self.replace(&mut rec, *index, of, search, bytes > TableStore::PACKED_PIECE)?;
        }
        // ids are found when their rows are there
        for (index, of) in &tables {
            if let (Some(directory), Some(ids)) = (self.bags.directories().get(*index), of.ids) {
                directory.record_take(&mut rec, of.rows, ids)?;
            }
        }
        rec.run()?;
        followed.step.store(delta.until(), Ordering::Release);
        drop(hold);
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

    /// Records that rows are replaced; by `pieces` what is recorded is done piece by piece.
    fn replace(
        &self,
        rec: &mut Recorder,
        index: usize,
        of: &TableRows<'_>,
        search: RangeSearch,
        pieces: bool,
    ) -> Result<()> {
        let store = self.bags.store().tables();
        let format = store.shape(index).format;
        let at_once = store.packed_rows_at_once(index);
        for (rows, values) in of.rows.chunks(at_once).zip(of.values.chunks(at_once * of.dim)) {
            let words = format.pack_with(values, of.dim, search == RangeSearch::Greedy);
            store.record_replace(rec, index, rows, &words)?;
            if pieces {
                std::mem::replace(rec, Recorder::new(self.context())).run()?;
            }
        }
        Ok(())
    }
}
