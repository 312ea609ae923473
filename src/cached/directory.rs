//! Which row of a table lies in which slot of its cache.
//!
//! The slots are cut into sets of a few ways. A row belongs to the set of its hash: there it is looked for,
//! and there a victim is chosen when it comes in. Only if all ways of its set are needed at the moment it
//! goes astray, into a slot of any other set, and is found through a map. So a batch fits if there are slots
//! enough, however its rows fall.

use std::collections::HashMap;
use std::ops::Range;

use super::traffic::Pair;
use crate::cpu::random_word;
use crate::numbers::narrow;

/// Which row leaves the cache when another one comes in.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Replacement {
    /// The one used longest ago.
    #[default]
    Lru,
    /// The one that the fewest batches have used since it came in; of several the one used longest ago.
    Lfu,
}

/// No row.
const EMPTY: u32 = u32::MAX;

/// What is known of a slot's row.
#[derive(Debug, Clone, Copy, Default)]
struct Use {
    /// The last placement that needed it, and how many batches did since it came in.
    last: u64,
    batches: u32,
}

/// The cache of one table, as the host knows it.
#[derive(Debug)]
pub(super) struct Directory {
    ways: usize,
    replacement: Replacement,
    /// The row in each slot, or [`EMPTY`].
    rows: Vec<u32>,
    uses: Vec<Use>,
    /// Slots that the placement under way has marked as needed, and when they were needed last before.
    marked: Vec<(u32, u64)>,
    /// Rows outside their sets, with their slots.
    strays: HashMap<u32, u32>,
}

/// There are too few slots for the rows of a batch.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct NoRoom {
    /// Distinct rows of the batch.
    pub(super) needed: usize,
    /// Slots that may be used: all but those with other rows that batches in use hold.
    pub(super) available: usize,
}

impl Directory {
    pub(super) fn new(slots: u32, ways: usize, replacement: Replacement) -> Self {
        let (rows, uses) = (vec![EMPTY; slots as usize], vec![Use::default(); slots as usize]);
        Self { ways, replacement, rows, uses, marked: Vec::new(), strays: HashMap::new() }
    }

    pub(super) fn slots(&self) -> usize {
        self.rows.len()
    }

    fn sets(&self) -> usize {
        self.rows.len().div_ceil(self.ways)
    }

    fn ways_of(&self, set: usize) -> Range<usize> {
        let begin = set * self.ways;
        begin..(begin + self.ways).min(self.rows.len())
    }

    /// The set that a row belongs to; there is at least one.
    fn home(&self, row: u32) -> usize {
        let hash = u64::from(random_word(0, row, 0));
        // the high half of the product is below the number of sets, which fits
        usize::try_from((hash * self.sets() as u64) >> 32).unwrap_or(0)
    }

    /// The slot of a row.
    pub(super) fn find(&self, row: u32) -> Option<u32> {
        if self.rows.is_empty() {
            return None;
        }
        let ways = self.ways_of(self.home(row));
        let way = self.rows[ways.clone()].iter().position(|&known| known == row);
        match way {
            Some(way) => Some(narrow(ways.start + way)),
            None if self.strays.is_empty() => None,
            None => self.strays.get(&row).copied(),
        }
    }

    /// The slot of a row that the placement `now` needs, and whether it is needed for the first time.
    pub(super) fn need(&mut self, row: u32, now: u64) -> Option<(u32, bool)> {
        let slot = self.find(row)?;
        Some((slot, self.mark(slot, now)))
    }

    /// Marks a slot as needed by a placement; whether it was not yet.
    fn mark(&mut self, slot: u32, now: u64) -> bool {
        let before = std::mem::replace(&mut self.uses[slot as usize].last, now);
        if before != now {
            self.marked.push((slot, before));
        }
        before != now
    }

    /// Ends a placement. If it came to nothing, its marks are taken back.
    pub(super) fn end_placement(&mut self, placed: bool) {
        for (slot, before) in self.marked.drain(..) {
            if !placed {
                self.uses[slot as usize].last = before;
            }
        }
    }

    /// Slots for rows that are not here, in their order: none that `now` needs or that is held. `None` stands
    /// for rows whose set has no room, unless they may go `astray`. What the slots hold is still there until
    /// [`Directory::put`].
    pub(super) fn choose(
        &mut self,
        missing: &[u32],
        now: u64,
        held: impl Fn(usize) -> bool,
        astray: bool,
    ) -> Result<Vec<Option<u32>>, NoRoom> {
        if self.rows.is_empty() {
            return Ok(vec![None; missing.len()]);
        }
        let mut slots: Vec<Option<u32>> =
            missing.iter().map(|&row| self.take(self.home(row), now, &held)).collect();
        if !astray {
            return Ok(slots);
        }
        // sets only fill up, so that each is searched once; which one is first changes from call to call
        let sets = self.sets();
        let first = usize::try_from(now % sets as u64).unwrap_or(0);
        let mut others = (first..sets).chain(0..first).peekable();
        for slot in slots.iter_mut().filter(|slot| slot.is_none()) {
            while let (None, Some(&set)) = (*slot, others.peek()) {
                *slot = self.take(set, now, &held);
                if slot.is_none() {
                    others.next();
                }
            }
        }
        let lacking = slots.iter().filter(|slot| slot.is_none()).count();
        if lacking == 0 {
            return Ok(slots);
        }
        let needed = lacking + self.uses.iter().filter(|used| used.last == now).count();
        let of_others = |&(slot, used): &(usize, &Use)| held(slot) && used.last != now;
        let available = self.slots() - self.uses.iter().enumerate().filter(of_others).count();
        Err(NoRoom { needed, available })
    }

    /// Takes the slot of a set whose row is worth least.
    fn take(&mut self, set: usize, now: u64, held: &impl Fn(usize) -> bool) -> Option<u32> {
        let ways = self.ways_of(set);
        let by_batches = self.replacement == Replacement::Lfu;
        // slots that were never chosen come first, with zeros; one number is compared faster than two
        let worth =
            |used: &Use| u128::from(used.last) | u128::from(if by_batches { used.batches } else { 0 }) << 64;
        let slots = self.uses[ways.clone()].iter().zip(ways);
        let free = slots.filter(|&(used, slot)| used.last != now && !held(slot));
        let slot = narrow(free.map(|(used, slot)| (worth(used), slot)).min()?.1);
        self.mark(slot, now);
        Some(slot)
    }

    /// The row in a slot, if there is one.
    pub(super) fn content(&self, slot: u32) -> Option<u32> {
        let row = self.rows[slot as usize];
        (row != EMPTY).then_some(row)
    }

    /// Puts a row into a chosen slot, in place of what was there.
    pub(super) fn put(&mut self, row: u32, slot: u32) {
        let place = slot as usize;
        if !self.strays.is_empty() {
            self.strays.remove(&self.rows[place]);
        }
        self.rows[place] = row;
        self.uses[place] = Use { last: self.uses[place].last, ..Use::default() };
        if self.home(row) != place / self.ways {
            self.strays.insert(row, slot);
        }
    }

    /// Counts that a batch uses rows.
    pub(super) fn count(&mut self, slots: &[u32]) {
        for &slot in slots {
            let batches = &mut self.uses[slot as usize].batches;
            *batches = batches.saturating_add(1);
        }
    }

    /// The rows that are here.
    pub(super) fn contents(&self) -> impl Iterator<Item = Pair> {
        let here = self.rows.iter().enumerate().filter(|(_, row)| **row != EMPTY);
        here.map(|(slot, &row)| Pair { row, slot: narrow(slot) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Places rows and returns how many were here.
    fn place(directory: &mut Directory, rows: &[u32], now: u64, held: &[u32]) -> Result<usize, NoRoom> {
        let mut slots = Vec::new();
        let mut missing = Vec::new();
        for &row in rows {
            match directory.need(row, now) {
                Some((slot, first)) => {
                    assert!(first);
                    slots.push(slot);
                }
                None => missing.push(row),
            }
        }
        let hits = slots.len();
        let chosen = directory.choose(&missing, now, |slot| held.contains(&narrow(slot)), true);
        directory.end_placement(chosen.is_ok());
        let chosen = chosen?;
        for (&row, slot) in missing.iter().zip(chosen) {
            let slot = slot.unwrap();
            assert!(!held.contains(&slot) && !slots.contains(&slot));
            directory.put(row, slot);
            slots.push(slot);
        }
        directory.count(&slots);
        for (slot, &row) in directory.rows.iter().enumerate().filter(|(_, row)| **row != EMPTY) {
            assert_eq!(directory.find(row), Some(narrow(slot)), "row {row}");
        }
        assert_eq!(rows.iter().filter(|row| directory.find(**row).is_none()).count(), 0);
        Ok(hits)
    }

    #[test]
    fn whatever_fits_is_placed() {
        for (slots, ways) in [(1, 1), (7, 2), (8, 8), (33, 32), (100, 3), (64, 1)] {
            let mut directory = Directory::new(slots, ways, Replacement::Lru);
            for now in 1..200u32 {
                let count = 1 + random_word(1, now, 0) % slots;
                let mut rows: Vec<u32> = (0..count).map(|i| random_word(2, now, i) % 1000).collect();
                rows.sort_unstable();
                rows.dedup();
                place(&mut directory, &rows, now.into(), &[]).unwrap();
                assert!(directory.strays.len() <= slots as usize);
            }
            // as many rows as slots, and one more
            let rows: Vec<u32> = (5000..5000 + slots).collect();
            assert_eq!(place(&mut directory, &rows, 1000, &[]).unwrap(), 0);
            assert_eq!(place(&mut directory, &rows, 1001, &[]).unwrap(), slots as usize);
            let rows: Vec<u32> = (5000..5001 + slots).collect();
            let error = place(&mut directory, &rows, 1002, &[]).unwrap_err();
            let room = slots as usize;
            assert_eq!(error, NoRoom { needed: room + 1, available: room });
            // what did not fit changed nothing
            let before: Vec<u64> = directory.uses.iter().map(|used| used.last).collect();
            assert!(place(&mut directory, &rows, 1002, &[]).is_err());
            assert_eq!(directory.uses.iter().map(|used| used.last).collect::<Vec<_>>(), before);
            assert_eq!(place(&mut directory, &rows[..slots as usize], 1003, &[]).unwrap(), slots as usize);
        }
    }

    #[test]
    fn held_rows_stay() {
        let mut directory = Directory::new(6, 2, Replacement::Lru);
        place(&mut directory, &[1, 2, 3, 4, 5, 6], 1, &[]).unwrap();
        let held: Vec<u32> = [1, 2].iter().map(|&row| directory.find(row).unwrap()).collect();
        assert_eq!(place(&mut directory, &[11, 12, 13, 14], 2, &held).unwrap(), 0);
        assert_eq!(held, [1, 2].map(|row| directory.find(row).unwrap()));
        let error = place(&mut directory, &[21, 22, 23, 24, 25], 3, &held).unwrap_err();
        assert_eq!(error, NoRoom { needed: 5, available: 4 });
        // held rows are no loss where the batch needs them itself
        assert_eq!(place(&mut directory, &[1, 2, 21, 22, 23, 24], 4, &held).unwrap(), 2);
    }

    #[test]
    fn the_row_worth_least_leaves() {
        let mut lru = Directory::new(2, 2, Replacement::Lru);
        let mut lfu = Directory::new(2, 2, Replacement::Lfu);
        for directory in [&mut lru, &mut lfu] {
            // row 1 often, row 2 last
            for (now, row) in [(1, 1), (2, 1), (3, 1), (4, 2)] {
                place(directory, &[row], now, &[]).unwrap();
            }
            place(directory, &[3], 5, &[]).unwrap();
        }
        assert_eq!((lru.find(1), lru.find(2).is_some()), (None, true));
        assert_eq!((lfu.find(1).is_some(), lfu.find(2)), (true, None));
    }
}
