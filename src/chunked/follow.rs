//! Pruned tables that follow tables in training.

use std::collections::HashMap;
use std::ops::Range;

use super::PrunedTables;
use super::batch::Standing;
use super::lookup::Table;
use crate::delta::{ChangedRows, Delta, Followed, KnownRows};
use crate::device::Recorder;
use crate::directory::{Taken, record_changes};
use crate::kernels::feature::NONE;
use crate::table::{RowFormat, TableStore};
use crate::{Error, Result};

/// What becomes of a table.
struct Changed<'a> {
    table: &'a Table,
    of: KnownRows<'a>,
    ids: Taken,
    /// For each chunk of each row its slot, before and afterwards.
    before: Vec<u32>,
    after: Vec<u32>,
}

/// Slots for chunks that come.
struct Slots {
    /// Those that no chunk had before.
    free: Vec<u32>,
    /// Those of chunks that go.
    freed: Vec<u32>,
    /// Whether one of these was taken.
    again: bool,
}

impl Slots {
    fn next(&mut self) -> Option<u32> {
        self.free.pop().or_else(|| {
            self.again = true;
            self.freed.pop()
        })
    }
}

impl PrunedTables {
    /// The step of the model that the rows are of, if they follow one: those of tables that
    /// [note their changes](super::ChunkedTablesBuilder::track_changes).
    #[must_use]
    pub fn step(&self) -> Option<u32> {
        self.following.as_ref().map(Followed::step)
    }

    /// Puts the rows of a [delta](crate::delta) of chunked tables in place of the old ones, with the chunks
    /// that are there now, lets rows leave that are in use no more, and takes in those of new ids, after
    /// everything submitted so far and while others look rows up: lookups submitted before see the old rows
    /// and ids, later ones the new. (Of a delta of more than 16 MiB of chunks, lookups in between may see some
    /// rows already new, but no part of a row.) Waits until it is done.
    ///
    /// Where rows left, batches that were found before are stale ([`Error::Stale`]): find them anew.
    ///
    /// Deltas come in their order: one must begin at or before the [step](Self::step) that is here, and end
    /// after it. A delta that is refused has changed nothing; after an error of the device it can be applied
    /// again.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] if these tables follow no model or another one, for a delta that is here
    /// already or comes after others that are not, for tables that are not here or have other columns, and if
    /// more chunks are resident than there are slots; [`Error::DirectoryFull`] for more rows than there is
    /// room for: make the tables anew then. [`Error::Device`] if the device fails.
    pub fn apply(&self, delta: &Delta) -> Result<()> {
        let Some(following) = &self.following else {
            let expected = "tables made of tables that track their changes";
            return Err(Error::invalid("apply", expected, "tables that follow no model"));
        };
        let hold = following.hold();
        delta.check_order(&following.model, following.step())?;
        let mut slots = Slots { free: self.free_slots()?, freed: Vec::new(), again: false };
        let tables = delta.tables().map(|of| self.checked(of?, &mut slots)).collect::<Result<Vec<_>>>()?;
        let tables = tables.into_iter().map(|table| table.placed(&mut slots)).collect::<Result<Vec<_>>>()?;
        let mut rec = Recorder::new(self.context());
        for Changed { table, ids, .. } in &tables {
            table.directory.record_leave(&mut rec, ids)?;
        }
        let bytes = tables.iter().map(|of| of.of.values.len() as u64 * 4).sum::<u64>();
        // a slot that another row had must not have new values while that row still has it
        let pieces = bytes > TableStore::PACKED_PIECE && !slots.again;
        for table in &tables {
            self.record_rows(&mut rec, table, pieces)?;
        }
        // ids are found when their rows are there
        for Changed { table, ids, .. } in &tables {
            table.directory.record_taken(&mut rec, ids)?;
        }
        rec.run()?;
        following.reached(delta.until());
        drop(hold);
        Ok(())
    }

    /// Slots that no chunk has, the least at the end.
    fn free_slots(&self) -> Result<Vec<u32>> {
        let slots = self.lookup.store.tables().shape(0).rows;
        let mut used = vec![false; slots as usize];
        for table in 0..self.lookup.tables.len() {
            for slot in self.lookup.slots_of(table)?.into_iter().filter(|&slot| slot != NONE) {
                used[slot as usize] = true;
            }
        }
        Ok((0..slots).rev().filter(|&slot| !used[slot as usize]).collect())
    }

    /// Directories whose rows batches rely on.
    pub(super) fn standing(&self) -> Standing {
        self.lookup.tables.iter().map(|table| table.directory.standing()).collect()
    }

    /// What a table becomes, whose rows that leave or change give their slots back.
    fn checked<'a>(&'a self, of: ChangedRows<'a>, free: &mut Slots) -> Result<Changed<'a>> {
        let ChangedRows::Known(of) = of else {
            return Err(Error::invalid("delta", "one of chunked tables", "one of other tables"));
        };
        let index = self.lookup.find_table(of.name)?;
        let table = &self.lookup.tables[index];
        let (chunks, dim) = (table.chunks as usize, (table.chunks * self.lookup.width) as usize);
        if (of.chunks, of.dim) != (chunks, dim) {
            return Err(Error::invalid(
                format!("table \"{}\" of the delta", of.name),
                format!("{dim} columns in {chunks} chunks"),
                format!("{} in {}", of.dim, of.chunks),
            ));
        }
        let ids = table.directory.place(of.name, of.ids, of.in_use)?;
        let before = self.lookup.slots_of(index)?;
        let mut after = before.clone();
        after.resize(ids.len() * chunks, NONE);
        let slots = |row: usize| row * chunks..(row + 1) * chunks;
        for row in ids.left() {
            free.freed.extend(taken_from(&mut after[slots(row)], |_| true));
        }
        for (&row, resident) in ids.rows.iter().zip(of.resident.chunks(chunks)) {
            let gone = |chunk: usize| resident[chunk] == 0;
            free.freed.extend(taken_from(&mut after[slots(row as usize)], gone));
        }
        Ok(Changed { table, of, ids, before, after })
    }

    /// Records that the rows of a table are replaced; by `pieces` what is recorded is done piece by piece,
    /// each of whole rows.
    fn record_rows(&self, rec: &mut Recorder, of: &Changed<'_>, pieces: bool) -> Result<()> {
        let (chunks, width) = (of.of.chunks, self.lookup.width as usize);
        let store = self.lookup.store.tables();
        let format = RowFormat::from(self.precision());
        let mut now = of.before.clone();
        now.resize(of.after.len(), NONE);
        let at_once = (store.packed_rows_at_once(0) / chunks).max(1);
        // rows that left are found no more: their slots go with the first piece
        let mut last = now.clone();
        of.ids.left().for_each(|row| now[row * chunks..(row + 1) * chunks].fill(NONE));
        for (rows, values) in of.ids.rows.chunks(at_once).zip(of.of.values.chunks(at_once * of.of.dim)) {
            let mut written = HashMap::new();
            for (&row, values) in rows.iter().zip(values.chunks(of.of.dim)) {
                let slots: Range<usize> = row as usize * chunks..(row as usize + 1) * chunks;
                now[slots.clone()].copy_from_slice(&of.after[slots.clone()]);
                let there = of.after[slots].iter().zip(values.chunks(width));
                written
                    .extend(there.filter(|(slot, _)| **slot != NONE).map(|(&slot, values)| (slot, values)));
            }
            let mut slots: Vec<u32> = written.keys().copied().collect();
            slots.sort_unstable();
            let values: Vec<f32> = slots.iter().flat_map(|slot| written[slot]).copied().collect();
            if !slots.is_empty() {
                store.record_replace(rec, 0, &slots, &format.pack_with(&values, width, false))?;
            }
            record_changes(rec, &of.table.slots, &last, &now)?;
            last.clone_from(&now);
            if pieces {
                std::mem::replace(rec, Recorder::new(self.context())).run()?;
            }
        }
        record_changes(rec, &of.table.slots, &last, &now)
    }
}

impl Changed<'_> {
    /// With slots for all chunks that are resident, of those that are free.
    fn placed(mut self, free: &mut Slots) -> Result<Self> {
        let chunks = self.of.chunks;
        for (&row, resident) in self.ids.rows.iter().zip(self.of.resident.chunks(chunks)) {
            let slots = self.after[row as usize * chunks..].iter_mut().zip(resident);
            for (slot, _) in slots.filter(|(slot, there)| **slot == NONE && **there != 0) {
                let Some(next) = free.next() else {
                    let argument = format!("table \"{}\" of the delta", self.of.name);
                    return Err(Error::invalid(argument, "no more chunks than there are slots", "more"));
                };
                *slot = next;
            }
        }
        Ok(self)
    }
}

/// Takes the slots of chunks.
fn taken_from<'a>(
    slots: &'a mut [u32],
    taken: impl Fn(usize) -> bool + 'a,
) -> impl Iterator<Item = u32> + 'a {
    let slots = slots.iter_mut().enumerate().filter(move |(chunk, slot)| **slot != NONE && taken(*chunk));
    slots.map(|(_, slot)| std::mem::replace(slot, NONE))
}
