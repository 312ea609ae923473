//! How many slots there are, and how that changes.

use super::lookup::CHUNKS;
use super::{ChunkedTables, WhenFull};
use crate::device::{Buffer, Context, Need, Precision};
use crate::kernels::feature::NONE;
use crate::numbers::narrow;
use crate::table::{Init, RowList, Table};
use crate::update::{RowStore, Updates};
use crate::{Error, Result};

/// How many slots fit a budget of bytes, beside what chunks are found with.
pub(super) fn slots_within(budget: u64, metadata: u64, slot: Slot) -> Result<u32> {
    let slots = budget.saturating_sub(metadata) / slot.bytes();
    if slots == 0 {
        let expected = format!("more than the {metadata} bytes that chunks are found with");
        return Err(Error::invalid("budget", expected, budget));
    }
    Ok(u32::try_from(slots).unwrap_or(NONE).min(NONE - 1))
}

/// What a table's rows are kept for after some of them lost chunks.
struct Touched {
    table: usize,
    utility: Vec<f32>,
    touch: Vec<u32>,
}

/// What a slot holds.
#[derive(Debug, Clone, Copy)]
pub(super) struct Slot {
    /// Columns of a chunk.
    pub(super) width: u32,
    /// Of its values.
    pub(super) precision: Precision,
}

impl Slot {
    /// Bytes of its values, and of a place on the stack of free ones.
    pub(super) fn bytes(self) -> u64 {
        u64::from(self.width) * self.precision.bytes() as u64 + 4
    }

    /// A store of `slots` slots.
    pub(super) fn store(self, ctx: &Context, updates: Updates, slots: u32) -> Result<RowStore> {
        if slots == 0 || slots == NONE {
            return Err(Error::invalid("slots", format!("1 to {}, or a budget", NONE - 1), slots));
        }
        RowStore::new(ctx, self.table(slots), updates)
    }

    /// The memory of such a store, with the stack of free slots and its copies on the way to the device.
    pub(super) fn need(self, updates: &Updates, slots: u32) -> Result<Need> {
        let mut need = RowStore::need(&self.table(slots.min(NONE - 1)), updates)?;
        need.add(CHUNKS, u64::from(slots) * 12);
        Ok(need)
    }

    fn table(self, slots: u32) -> Vec<(String, Table)> {
        let table = Table::rows(slots as usize).dim(self.width as usize).init(Init::Zero);
        vec![(CHUNKS.to_owned(), table.precision(self.precision))]
    }
}

/// The stack of free slots with the least on top.
pub(super) fn free_stack(ctx: &Context, slots: u32, free: std::ops::Range<u32>) -> Result<(Buffer, Buffer)> {
    let stack = ctx.allocate("embag.free_slots", u64::from(slots) * 4)?;
    stack.check_bindable(ctx, || "the free slots".to_owned())?;
    stack.write(ctx, 0, &free.clone().rev().collect::<Vec<u32>>())?;
    let count = Buffer::from_slice(ctx, &[free.end - free.start])?;
    Ok((stack, count))
}

impl ChunkedTables {
    /// Changes how many slots there are. If there are to be fewer than chunks have, those of least utility
    /// lose theirs, of all tables; of several that are worth the same, the last ones. What stays keeps its
    /// values and the optimizer's state, but gets another slot. Blocks; for the time of the move both stores
    /// exist.
    ///
    /// Batches that were looked up before are stale afterwards.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] if `slots` is 0, [`Error::LimitExceeded`] or [`Error::Device`] if the
    /// memory cannot be had; nothing has changed then.
    pub fn set_slots(&mut self, slots: u32) -> Result<()> {
        self.resize(slots)?;
        self.budget = None;
        Ok(())
    }

    /// [`ChunkedTables::set_slots`] with as many as fit `bytes`, with everything that is needed to find them
    /// ([`ChunkedBytes::instead_of_dense`](super::ChunkedBytes::instead_of_dense)), but without the
    /// optimizer's state.
    ///
    /// Nothing that is done to the tables exceeds it. `adjust(0.0, margin)` is the adjustment for it: it
    /// gives all slots to the chunks that are worth most. To leave a part of them free for ids that come
    /// before the next one, name the share that is pruned: with `resident` of `chunks` to be kept, `1 -
    /// resident / chunks`.
    ///
    /// # Errors
    /// As [`ChunkedTables::set_slots`]; [`Error::InvalidArgument`] too if not even a slot fits.
    pub fn set_budget(&mut self, bytes: u64) -> Result<()> {
        let slots = slots_within(bytes, self.bytes_beside_slots(), self.lookup.slot())?;
        let grows = self.settings.when_full == WhenFull::Grow;
        self.resize(if grows { slots.min(self.all_chunks()) } else { slots })?;
        self.budget = Some(bytes);
        Ok(())
    }

    /// The budget in bytes, if there is one.
    #[must_use]
    pub fn budget(&self) -> Option<u64> {
        self.budget
    }

    /// What chunks are found with, directories after rows have left.
    pub(super) fn bytes_beside_slots(&self) -> u64 {
        let now = self.bytes();
        now.directory + now.chunks + self.free_count.size() + self.bytes_to_come()
    }

    /// Bytes that directories take more when rows leave.
    fn bytes_to_come(&self) -> u64 {
        match self.settings.when_full.evicts() {
            true => self.lookup.tables.iter().map(|table| table.directory.bytes_to_come()).sum(),
            false => 0,
        }
    }

    pub(super) fn resize(&mut self, slots: u32) -> Result<()> {
        let ctx = self.context().clone();
        let mut store = self.lookup.slot().store(&ctx, self.lookup.store.updates(), slots)?;
        let tables = 0..self.lookup.tables.len();
        let before = tables.clone().map(|table| self.lookup.slots_of(table)).collect::<Result<Vec<_>>>()?;
        let mut all = before.clone();
        self.drop_least(&mut all, slots)?;
        let dropped = self.touched(&before, &all)?;
        // in the order of their chunks
        let mut from = Vec::new();
        for slot in all.iter_mut().flatten().filter(|slot| **slot != NONE) {
            let old = std::mem::replace(slot, narrow(from.len()));
            from.push(old);
        }
        // there are no more than slots
        let used = u32::try_from(from.len()).unwrap_or(slots);
        let (free, free_count) = free_stack(&ctx, slots, used..slots)?;
        self.ground.moves(&ctx, "the number of slots changed");
        copy_rows(&self.lookup.store, &store, &from)?;
        store.go_on_from(&self.lookup.store);
        for (table, slots) in self.lookup.tables.iter().zip(&all) {
            table.slots.write(&ctx, 0, slots)?;
        }
        for Touched { table, utility, touch } in &dropped {
            let worth = &self.worth[*table];
            worth.utility.write(&ctx, 0, utility)?;
            worth.touch.write(&ctx, 0, touch)?;
        }
        self.lookup.store = store;
        (self.free, self.free_count) = (free, free_count);
        self.epoch += 1;
        Ok(())
    }

    /// The tables in which rows lost chunks, with the utilities and touches that they have then: these rows
    /// were changed in this step.
    fn touched(&self, before: &[Vec<u32>], after: &[Vec<u32>]) -> Result<Vec<Touched>> {
        let (ctx, words) = (self.context(), self.settings.words() as usize);
        let mut all = Vec::new();
        let tables = before.iter().zip(after).enumerate();
        for (table, (before, after)) in tables.filter(|(_, (before, after))| before != after) {
            let chunks = self.lookup.tables[table].chunks as usize;
            let worth = &self.worth[table];
            let read = |buffer: &Buffer, words: usize| buffer.part(0, words as u64 * 4);
            let mut utility = read(&worth.utility, before.len()).read::<f32>(ctx)?;
            let mut touch = read(&worth.touch, before.len() / chunks * words).read::<u32>(ctx)?;
            // utilities are kept as of the step of the row
            let effective = self.effective(table)?;
            for (row, (before, after)) in before.chunks(chunks).zip(after.chunks(chunks)).enumerate() {
                if before != after {
                    let place = row * chunks..(row + 1) * chunks;
                    utility[place.clone()].copy_from_slice(&effective[place]);
                    touch[row * words] = self.steps();
                }
            }
            all.push(Touched { table, utility, touch });
        }
        Ok(all)
    }

    /// Takes slots from the chunks that are worth least, so that `slots` remain.
    fn drop_least(&self, all: &mut [Vec<u32>], slots: u32) -> Result<()> {
        let residents = all.iter().flatten().filter(|slot| **slot != NONE).count();
        let surplus = residents.saturating_sub(slots as usize);
        if surplus == 0 {
            return Ok(());
        }
        let mut worth = Vec::with_capacity(residents);
        for (table, slots) in all.iter().enumerate() {
            for (chunk, (worth_of, slot)) in self.effective(table)?.into_iter().zip(slots).enumerate() {
                if *slot != NONE {
                    worth.push((worth_of, table, chunk));
                }
            }
        }
        // the least first; of those that are alike the last
        worth.sort_by(|a, b| a.0.total_cmp(&b.0).then((b.1, b.2).cmp(&(a.1, a.2))));
        for &(_, table, chunk) in &worth[..surplus] {
            all[table][chunk] = NONE;
        }
        Ok(())
    }
}

/// Rows that are moved at once, of a few MB with their state.
const AT_ONCE: usize = 1 << 15;

/// Copies some rows to the first ones of another store, with their state.
fn copy_rows(source: &RowStore, target: &RowStore, rows: &[u32]) -> Result<()> {
    let mut first = 0u32;
    for rows in rows.chunks(AT_ONCE) {
        // a chunk at a time is below 2^15
        let next = first + narrow(rows.len());
        let words = source.tables().gather(&[RowList { table: 0, rows: rows.to_vec() }])?;
        target.tables().scatter(&[RowList { table: 0, rows: (first..next).collect() }], &words)?;
        first = next;
    }
    Ok(())
}
