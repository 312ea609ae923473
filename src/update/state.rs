//! Access to optimizer state from the host.

use std::ops::Range;

use super::RowStore;
use crate::device::Precision;
use crate::optim::{StateField, StateKind};
use crate::{Error, Result};

/// Where a field lies in the words that are kept for a row.
pub(super) struct Place {
    pub(super) field: StateField,
    words: Range<usize>,
    /// Of the values of a field that is no counter, and how many of them a row has.
    pub(super) precision: Precision,
    pub(super) len: usize,
}

impl RowStore {
    /// One value for each element or each row of a field; counters as numbers.
    pub(crate) fn download_state(&self, table: &str, name: &str) -> Result<Vec<f32>> {
        let (index, place) = self.find_state(table, name)?;
        let words = self.tables.read_state(index, place.words)?;
        Ok(match place.field.kind {
            StateKind::Element | StateKind::Row => place.precision.unpack(&words, place.len),
            StateKind::Count => words.into_iter().map(|count| count as f32).collect(),
        })
    }

    /// A counter of all rows of a table.
    pub(crate) fn download_counts(&self, table: &str, name: &str) -> Result<Vec<u32>> {
        let (index, place) = self.find_state(table, name)?;
        place.is_count(true)?;
        self.tables.read_state(index, place.words)
    }

    /// Writes a field that is no counter.
    pub(crate) fn upload_state(&mut self, table: &str, name: &str, values: &[f32]) -> Result<()> {
        let (index, place) = self.find_state(table, name)?;
        place.is_count(false)?;
        self.check_state(table, index, &place, values.len())?;
        let precision = place.precision;
        if let Some((at, value)) = precision.beyond(values) {
            let (row, name) = (at / place.len, place.field.name);
            let argument = format!("row {row} of state \"{name}\" of table \"{table}\"");
            return Err(Error::invalid(argument, precision.expected(), value));
        }
        self.tables.write_state(index, place.words, &precision.pack(values, place.len))
    }

    /// Writes a counter of all rows of a table.
    pub(crate) fn upload_counts(&mut self, table: &str, name: &str, counts: &[u32]) -> Result<()> {
        let (index, place) = self.find_state(table, name)?;
        place.is_count(true)?;
        self.check_state(table, index, &place, counts.len())?;
        self.tables.write_state(index, place.words, counts)
    }

    fn check_state(&self, table: &str, index: usize, place: &Place, values: usize) -> Result<()> {
        let (rows, len) = (self.tables.shape(index).rows as usize, place.len);
        if values == rows * len {
            return Ok(());
        }
        Err(Error::invalid(
            format!("state \"{}\" of table \"{table}\"", place.field.name),
            format!("{rows} rows x {len} = {} values", rows * len),
            values,
        ))
    }

    fn find_state(&self, table: &str, name: &str) -> Result<(usize, Place)> {
        let index = self.tables.find(table)?;
        let places = self.state_places(index);
        let names: Vec<&str> = places.iter().map(|place| place.field.name).collect();
        let expected = format!("one of {names:?}");
        match places.into_iter().find(|place| place.field.name == name) {
            Some(place) => Ok((index, place)),
            None => Err(Error::invalid("state", expected, format!("{name:?}"))),
        }
    }

    /// What is kept for the rows of a table.
    pub(super) fn state_places(&self, table: usize) -> Vec<Place> {
        let class = self.class(table);
        let Some(optimizer) = class.optimizer() else { return Vec::new() };
        let (dim, precision) = (self.tables.shape(table).dim, class.rules.state);
        let block = optimizer.kernel().block(dim, precision.code()) as usize;
        let mut begin = 0;
        let fields = optimizer.states().iter().map(|&field| {
            let (words, len, precision) = match field.per_row() {
                true => (1, 1, Precision::F32),
                false => (block, dim as usize, precision),
            };
            begin += words;
            Place { field, words: begin - words..begin, precision, len }
        });
        fields.collect()
    }
}

impl Place {
    fn is_count(&self, wanted: bool) -> Result<()> {
        if (self.field.kind == StateKind::Count) == wanted {
            return Ok(());
        }
        let kind = |count| if count { "a counter" } else { "a number" };
        Err(Error::invalid(format!("state \"{}\"", self.field.name), kind(wanted), kind(!wanted)))
    }
}
