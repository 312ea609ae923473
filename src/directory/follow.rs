//! Directories that take the rows of another one.

use std::collections::{HashMap, HashSet};
use std::ops::Range;

use super::IdDirectory;
use crate::device::{Buffer, Recorder};
use crate::numbers::narrow;
use crate::{Error, Result};

/// What becomes of a directory's rows for ids that come and go.
#[derive(Debug)]
pub(crate) struct Taken {
    /// The row of each id that was asked for.
    pub(crate) rows: Vec<u32>,
    /// The virtual ids of all rows, 0 of free ones: before, when rows have left, and afterwards.
    before: Vec<u32>,
    between: Vec<u32>,
    after: Vec<u32>,
}

impl Taken {
    /// Rows that were ever in use.
    pub(crate) fn len(&self) -> usize {
        self.after.len()
    }

    /// The rows that left.
    pub(crate) fn left(&self) -> impl Iterator<Item = usize> {
        let rows = self.before.iter().zip(&self.between).enumerate();
        rows.filter(|(_, (before, between))| before != between).map(|(row, _)| row)
    }
}

impl IdDirectory {
    /// Rows for virtual ids, those that they have or free ones. All rows with others than those in use, if
    /// these are given, leave first.
    pub(crate) fn place(&self, table: &str, ids: &[u32], in_use: Option<&[u32]>) -> Result<Taken> {
        let before = self.ids_of_rows()?;
        let mut between = before.clone();
        if let Some(in_use) = in_use {
            let in_use: HashSet<u32> = in_use.iter().copied().collect();
            between.iter_mut().filter(|id| !in_use.contains(id)).for_each(|id| *id = 0);
        }
        let rows = between.iter().zip(0u32..).filter(|(id, _)| **id != 0);
        let known: HashMap<u32, u32> = rows.map(|(&id, row)| (id, row)).collect();
        let free: Vec<u32> = (0u32..).zip(&between).filter(|(_, id)| **id == 0).map(|(row, _)| row).collect();
        let mut free = free.into_iter().chain(narrow(between.len())..self.room());
        let mut after = between.clone();
        let mut rows = Vec::with_capacity(ids.len());
        for &id in ids {
            let row = known.get(&id).copied().or_else(|| free.next());
            let Some(row) = row else {
                let new = ids.iter().filter(|id| !known.contains_key(id)).count() as u64;
                let needed = known.len() as u64 + new;
                return Err(Error::DirectoryFull {
                    table: table.to_owned(),
                    needed,
                    rows: self.room().into(),
                });
            };
            after.resize(after.len().max(row as usize + 1), 0);
            after[row as usize] = id;
            rows.push(row);
        }
        Ok(Taken { rows, before, between, after })
    }

    /// Records that rows have left, if any do: look-ups that are submitted later find no more that they had,
    /// and what was found before is stale.
    pub(crate) fn record_leave(&self, rec: &mut Recorder, taken: &Taken) -> Result<()> {
        if taken.before == taken.between {
            return Ok(());
        }
        rec.moves(&self.ground, "rows left");
        self.record_ids(rec, &taken.before, &taken.between)
    }

    /// Records that ids have the rows that they were given.
    pub(crate) fn record_taken(&self, rec: &mut Recorder, taken: &Taken) -> Result<()> {
        if taken.between == taken.after {
            return Ok(());
        }
        self.record_ids(rec, &taken.between, &taken.after)
    }

    fn record_ids(&self, rec: &mut Recorder, before: &[u32], after: &[u32]) -> Result<()> {
        record_changes(rec, &self.row_ids, before, after)?;
        let had = narrow::<usize>(after.len());
        let left = narrow::<usize>(after.iter().filter(|id| **id == 0).count());
        let counts = rec.scratch_from("embag.directory_counts", &[had, left])?;
        rec.copy(&counts, &self.counts.part(0, 8))?;
        self.record_rebuild(rec, had);
        Ok(())
    }

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

/// Values that may lie between two that changed in one run: to upload them too costs less than another upload.
const GAP: usize = 256;

/// Records that words become others, in the order of what is recorded: nothing that is submitted before sees
/// them.
pub(crate) fn record_changes(
    rec: &mut Recorder,
    words: &Buffer,
    before: &[u32],
    after: &[u32],
) -> Result<()> {
    for run in changed_runs(before, after) {
        let place = words.part(run.start as u64 * 4, run.len() as u64 * 4);
        let changed = rec.scratch_from("embag.changed", &after[run])?;
        rec.copy(&changed.part(0, place.size()), &place)?;
    }
    Ok(())
}

/// Runs of values that are others afterwards, or were not there before.
fn changed_runs(before: &[u32], after: &[u32]) -> Vec<Range<usize>> {
    let mut runs = Vec::<Range<usize>>::new();
    for (at, value) in after.iter().enumerate() {
        if before.get(at) == Some(value) {
            continue;
        }
        match runs.last_mut() {
            Some(run) if at - run.end < GAP => run.end = at + 1,
            _ => runs.push(at..at + 1),
        }
    }
    runs
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn runs_are_what_changed_and_little_between() {
        let before = vec![7; 1000];
        let mut after = before.clone();
        (after[3], after[9], after[700]) = (1, 2, 3);
        after.push(7);
        assert_eq!(changed_runs(&before, &after), [3..10, 700..701, 1000..1001]);
        assert!(changed_runs(&before, &before).is_empty());
    }
}
