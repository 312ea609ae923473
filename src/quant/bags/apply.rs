//! Rows that follow a model in training.

use std::borrow::Cow;

use super::QuantizedBags;
use super::quantized_bags::cannot_keep;
use crate::delta::{ChangedRows, Delta, Followed, KnownRows, TableRows};
use crate::device::Recorder;
use crate::directory::Taken;
use crate::quant::RangeSearch;
use crate::table::{Shape, TableStore};
use crate::{Error, Result};

/// Rows of a table that are replaced.
struct Replaced<'a> {
    index: usize,
    dim: usize,
    /// In ascending order.
    rows: Cow<'a, [u32]>,
    values: Cow<'a, [f32]>,
    ids: Ids<'a>,
}

/// What becomes of the table's raw ids.
enum Ids<'a> {
    /// It has none.
    None,
    /// Those of the rows, which are numbered as those of the model.
    Numbered(&'a [u32]),
    /// Rows are known by them, and numbered here.
    Known(Taken),
}

impl QuantizedBags {
    /// The step of the model that the rows are of, if they follow one: those of tables that
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
    /// Where rows of chunked tables left, batches that were found before are stale
    /// ([`Error::Stale`]): find them anew.
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
            let expected = "bags made of tables that track their changes";
            return Err(Error::invalid("apply", expected, "bags that follow no model"));
        };
        let hold = followed.hold();
        delta.check_order(&followed.model, followed.step())?;
        let tables = delta.tables().map(|table| self.checked(table?)).collect::<Result<Vec<_>>>()?;
        let row_bytes = |index: usize| self.bags.store().tables().packed_row_bytes(index);
        let bytes: u64 = tables.iter().map(|of| of.rows.len() as u64 * row_bytes(of.index)).sum();
        // a delta of more than a piece is replaced in parts
        let pieces = bytes > TableStore::PACKED_PIECE;
        let mut rec = Recorder::new(self.context());
        for of in &tables {
            if let (Some(directory), Ids::Known(taken)) = (self.bags.directories().get(of.index), &of.ids) {
                directory.record_leave(&mut rec, taken)?;
            }
        }
        for of in &tables {
            self.replace(&mut rec, of, search, pieces)?;
        }
        // ids are found when their rows are there
        for of in &tables {
            match (self.bags.directories().get(of.index), &of.ids) {
                (Some(directory), Ids::Numbered(ids)) => directory.record_take(&mut rec, &of.rows, ids)?,
                (Some(directory), Ids::Known(taken)) => directory.record_taken(&mut rec, taken)?,
                _ => {}
            }
        }
        rec.run()?;
        followed.reached(delta.until());
        drop(hold);
        Ok(())
    }

    /// The rows of a table, if it can take them.
    fn checked<'a>(&self, of: ChangedRows<'a>) -> Result<Replaced<'a>> {
        match of {
            ChangedRows::Numbered(TableRows { name, dim, rows, values, ids }) => {
                let (index, shape) = self.fitting(name, dim, ids.is_some(), rows, values)?;
                if let Some(&row) = rows.last().filter(|&&row| row >= shape.rows) {
                    let (row, rows) = (row.into(), shape.rows.into());
                    return Err(Error::RowOutOfRange { table: name.to_owned(), row, rows });
                }
                if let (Some(directory), Some(ids)) = (self.bags.directories().get(index), ids) {
                    directory.check_rows(name, rows, ids)?;
                }
                let ids = ids.map_or(Ids::None, Ids::Numbered);
                Ok(Replaced { index, dim, rows: rows.into(), values: values.into(), ids })
            }
            ChangedRows::Known(KnownRows { name, dim, ids, values, in_use, .. }) => {
                let (index, _) = self.fitting(name, dim, true, ids, values)?;
                let Some(directory) = self.bags.directories().get(index) else {
                    return Err(Error::invalid("delta", "tables of raw ids", "others"));
                };
                let taken = directory.place(name, ids, in_use)?;
                // in ascending order
                let mut order: Vec<(u32, usize)> = taken.rows.iter().copied().zip(0..).collect();
                order.sort_unstable();
                let rows = order.iter().map(|&(row, _)| row).collect::<Vec<_>>();
                let values = order.iter().flat_map(|&(_, at)| &values[at * dim..][..dim]).copied();
                let values = values.collect::<Vec<_>>();
                Ok(Replaced { index, dim, rows: rows.into(), values: values.into(), ids: Ids::Known(taken) })
            }
        }
    }

    /// The number of a table that these values fit; `rows` are what names them in errors.
    fn fitting(
        &self,
        name: &str,
        dim: usize,
        raw: bool,
        rows: &[u32],
        values: &[f32],
    ) -> Result<(usize, Shape)> {
        let (index, shape) = self.table(name)?;
        let argument = || format!("table \"{name}\" of the delta");
        if dim != shape.dim as usize {
            return Err(Error::invalid(argument(), format!("{} columns", shape.dim), dim));
        }
        let own = self.bags.directories().get(index).is_some();
        if own != raw {
            let kind = |raw| if raw { "raw ids" } else { "rows" };
            return Err(Error::invalid(argument(), kind(own), kind(raw)));
        }
        match values.iter().enumerate().find(|(_, value)| !shape.format.keeps(**value)) {
            Some((at, &value)) => Err(cannot_keep(name, rows[at / dim].into(), shape.format, value)),
            None => Ok((index, shape)),
        }
    }

    /// Records that rows are replaced; by `pieces` what is recorded is done piece by piece.
    fn replace(
        &self,
        rec: &mut Recorder,
        of: &Replaced<'_>,
        search: RangeSearch,
        pieces: bool,
    ) -> Result<()> {
        let store = self.bags.store().tables();
        let index = of.index;
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
