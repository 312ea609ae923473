//! Rows on their way between host and device, many at a time.

use std::ops::Range;

use super::CachedBags;
use super::directory::Directory;
use crate::Result;
use crate::bag::EmbeddingBags;
use crate::device::{Readback, Recorder};
use crate::table::{RowList, TableStore};

/// A row and a slot.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Pair {
    pub(super) row: u32,
    pub(super) slot: u32,
}

/// Evicted rows on their way to the host, and where they belong there.
#[derive(Debug)]
pub(super) struct WriteBack {
    rows: Vec<RowList>,
    words: Words,
}

#[derive(Debug)]
enum Words {
    Coming(Readback<u32>),
    Here(Vec<u32>),
}

/// Bytes that are moved at once, so that many rows need little memory besides their own.
const LOAD: u64 = 16 << 20;

/// For some tables, which of their pairs are moved at once.
type Load = Vec<(usize, Range<usize>)>;

impl CachedBags {
    /// Bytes of a load of a single row.
    pub(super) fn load_bytes(device: &EmbeddingBags, table: usize) -> u64 {
        device.store().tables().packed_row_bytes(table) + TableStore::PACKED_GAPS
    }

    /// Cuts the pairs of each table into loads that fit a binding.
    fn loads(&self, tables: &[Vec<Pair>]) -> Vec<Load> {
        let most = LOAD.min(self.context().limits().binding);
        let (mut loads, mut load, mut room) = (Vec::new(), Load::new(), most);
        for (table, pairs) in tables.iter().enumerate() {
            let row = self.device.store().tables().packed_row_bytes(table);
            let mut begin = 0;
            while begin < pairs.len() {
                let fitting = room.saturating_sub(TableStore::PACKED_GAPS) / row;
                if fitting == 0 && !load.is_empty() {
                    loads.push(std::mem::take(&mut load));
                    room = most;
                    continue;
                }
                // a row alone fits, as was checked when the bags were made
                let count = (pairs.len() - begin).min(usize::try_from(fitting.max(1)).unwrap_or(usize::MAX));
                load.push((table, begin..begin + count));
                room = room.saturating_sub(TableStore::PACKED_GAPS + row * count as u64);
                begin += count;
            }
        }
        if !load.is_empty() {
            loads.push(load);
        }
        loads
    }

    /// Brings rows into slots that were chosen for them; what was there goes to the host, if the device
    /// changed it. Does not wait for the device. If it fails, the rows of earlier loads are in the cache and
    /// the others are not.
    pub(super) fn bring(&mut self, tables: &[Vec<Pair>]) -> Result<()> {
        for load in self.loads(tables) {
            let (rows, slots) = (lists(tables, &load, row_of), lists(tables, &load, slot_of));
            let (back, leaving) = self.leaving(&slots);
            let words = self.whole.tables().gather(&rows)?;
            let mut rec = Recorder::new(self.context());
            let store = self.device.store().tables();
            // what leaves is read before it is overwritten, and after the updates submitted before
            let coming =
                if leaving.is_empty() { None } else { Some(store.record_gather(&mut rec, &leaving)?) };
            store.record_scatter(&mut rec, &slots, &words)?;
            rec.submit().map(drop)?;

            self.count_bytes(&back, |stats| &mut stats.bytes_to_host);
            self.count_bytes(&rows, |stats| &mut stats.bytes_to_device);
            if let Some(readback) = coming {
                self.on_the_way.push_back(WriteBack { rows: back, words: Words::Coming(readback) });
            }
            for (table, range) in load {
                let (directory, stats) = (&mut self.directories[table], &mut self.stats[table]);
                for &Pair { row, slot } in &tables[table][range] {
                    stats.evictions += u64::from(directory.content(slot).is_some());
                    directory.put(row, slot);
                    self.slots.set_changed(table, &[slot], false);
                }
            }
        }
        Ok(())
    }

    /// The rows in some slots that the device may have changed, and their slots.
    fn leaving(&self, slots: &[RowList]) -> (Vec<RowList>, Vec<RowList>) {
        let (mut back, mut leaving) = (Vec::new(), Vec::new());
        for &RowList { table, rows: ref slots } in slots {
            let content = |&slot: &u32| self.directories[table].content(slot).zip(Some(slot));
            let changed = slots.iter().filter(|&&slot| self.slots.changed(table, slot));
            let (rows, slots): (Vec<_>, Vec<_>) = changed.filter_map(content).unzip();
            if !rows.is_empty() {
                back.push(RowList { table, rows });
                leaving.push(RowList { table, rows: slots });
            }
        }
        (back, leaving)
    }

    /// Waits for evicted rows to be where they belong on the host.
    pub(super) fn settle(&mut self) -> Result<()> {
        while let Some(WriteBack { rows, words }) = self.on_the_way.pop_front() {
            let words = match words {
                Words::Coming(readback) => readback.wait()?,
                Words::Here(words) => words,
            };
            if let Err(error) = self.whole.tables().scatter(&rows, &words) {
                self.on_the_way.push_front(WriteBack { rows, words: Words::Here(words) });
                return Err(error);
            }
            self.stamp(&rows)?;
        }
        Ok(())
    }

    /// Brings the host's rows up to date with what the device was given to do so far; they stay in the cache
    /// too. Blocks.
    ///
    /// Whatever reads or writes whole tables, checkpoints too, does this by itself.
    ///
    /// # Errors
    /// [`Error::Device`](crate::Error::Device) if the device fails.
    pub fn flush(&mut self) -> Result<()> {
        self.settle()?;
        let changed = |(table, directory): (usize, &Directory)| {
            directory.contents().filter(|pair| self.slots.changed(table, pair.slot)).collect()
        };
        let tables: Vec<Vec<Pair>> = self.directories.iter().enumerate().map(changed).collect();
        for load in self.loads(&tables) {
            let (rows, slots) = (lists(&tables, &load, row_of), lists(&tables, &load, slot_of));
            // before they are read: what is submitted from now on says again that it changes rows
            self.set_changed(&slots, false);
            let moved = self.device.store().tables().gather(&slots);
            if let Err(error) = moved.and_then(|words| self.whole.tables().scatter(&rows, &words)) {
                self.set_changed(&slots, true);
                return Err(error);
            }
            self.stamp(&rows)?;
            self.count_bytes(&rows, |stats| &mut stats.bytes_to_host);
        }
        Ok(())
    }

    /// Notes that rows were written back.
    fn stamp(&self, lists: &[RowList]) -> Result<()> {
        let step = self.device.steps();
        lists.iter().try_for_each(|RowList { table, rows }| self.whole.stamp(*table, rows, step))
    }

    fn set_changed(&self, lists: &[RowList], changed: bool) {
        for RowList { table, rows: slots } in lists {
            self.slots.set_changed(*table, slots, changed);
        }
    }

    /// Brings the rows in the cache up to date with the host's; waits until it is done.
    pub(super) fn refresh(&mut self) -> Result<()> {
        let tables: Vec<_> =
            self.directories.iter().map(|directory| directory.contents().collect()).collect();
        for load in self.loads(&tables) {
            let (rows, slots) = (lists(&tables, &load, row_of), lists(&tables, &load, slot_of));
            let words = self.whole.tables().gather(&rows)?;
            self.device.store().tables().scatter(&slots, &words)?;
            self.count_bytes(&rows, |stats| &mut stats.bytes_to_device);
        }
        Ok(())
    }

    fn count_bytes(&mut self, lists: &[RowList], of: impl Fn(&mut super::CacheStats) -> &mut u64) {
        for list in lists {
            let bytes = list.rows.len() as u64 * self.device.store().tables().packed_row_bytes(list.table);
            *of(&mut self.stats[list.table]) += bytes;
        }
    }
}

fn row_of(pair: &Pair) -> u32 {
    pair.row
}

fn slot_of(pair: &Pair) -> u32 {
    pair.slot
}

/// The rows or slots of a load.
fn lists(tables: &[Vec<Pair>], load: &Load, of: fn(&Pair) -> u32) -> Vec<RowList> {
    let list = |(table, range): &(usize, Range<usize>)| RowList {
        table: *table,
        rows: tables[*table][range.clone()].iter().map(of).collect(),
    };
    load.iter().map(list).collect()
}
