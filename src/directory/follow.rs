//! Directories that take the rows of another one.

use std::collections::HashSet;

use super::IdDirectory;
use crate::device::Recorder;
use crate::numbers::narrow;
use crate::{Error, Result};

impl IdDirectory {
    /// Whether rows with these virtual ids, in ascending order, can be taken: those that are in use here have
    /// the same ids, and new ones come right behind them.
    pub(crate) fn check_rows(&self, table: &str, rows: &[u32], ids: &[u32]) -> Result<()> {
        let known = self.ids_of_rows()?;
        let argument = |row: u32| format!("row {row} of table \"{table}\" of the delta");
        let all: HashSet<u32> = known.iter().copied().collect();
        let (mut next, mut added) = (narrow::<usize>(known.len()), HashSet::new());
        for (&row, &id) in rows.iter().zip(ids) {
            match known.get(row as usize) {
                Some(&own) if own == id => {}
                Some(&own) => return Err(Error::invalid(argument(row), format!("virtual id {own}"), id)),
                None if row != next => {
                    return Err(Error::invalid(
                        argument(row),
                        format!("row {next}, the first free one"),
                        row,
                    ));
                }
                None if id == 0 || all.contains(&id) || !added.insert(id) => {
                    return Err(Error::invalid(argument(row), "a virtual id that has no row yet", id));
                }
                None => next += 1,
            }
        }
        Ok(())
    }

    /// Records that rows that were checked are taken; look-ups that are submitted later find them.
    pub(crate) fn record_take(&self, rec: &mut Recorder, rows: &[u32], ids: &[u32]) -> Result<()> {
        let had = self.counts()?.had;
        let first = rows.partition_point(|&row| row < had);
        let new = &ids[first..];
        if new.is_empty() {
            return Ok(());
        }
        // there are fewer than the capacity
        let more = narrow::<usize>(new.len());
        let row_ids = self.row_ids.part(u64::from(had) * 4, u64::from(more) * 4);
        rec.upload(&row_ids, bytemuck::cast_slice(new).to_vec());
        rec.upload(&self.counts.part(0, 4), (had + more).to_ne_bytes().to_vec());
        self.record_rebuild(rec, had + more);
        Ok(())
    }
}
