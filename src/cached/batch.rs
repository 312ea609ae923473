//! Batches whose rows are on the device.

use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};

use crate::Result;
use crate::bag::JaggedBatch;
use crate::device::{Buffer, Recorder};

/// What batches, and recorders with operations on them, do with the slots of each table.
#[derive(Debug)]
pub(super) struct Slots(Vec<Vec<Slot>>);

#[derive(Debug, Default)]
struct Slot {
    /// How many batches hold it.
    holds: AtomicU32,
    /// Whether the device may have changed its row.
    changed: AtomicBool,
}

impl Slots {
    pub(super) fn new(slots: impl Iterator<Item = usize>) -> Self {
        Self(slots.map(|slots| std::iter::repeat_with(Slot::default).take(slots).collect()).collect())
    }

    /// Whether a batch holds a slot.
    pub(super) fn held(&self, table: usize, slot: usize) -> bool {
        self.0[table][slot].holds.load(Ordering::Acquire) > 0
    }

    /// Whether the device may have changed the row in a slot.
    pub(super) fn changed(&self, table: usize, slot: u32) -> bool {
        self.0[table][slot as usize].changed.load(Ordering::Acquire)
    }

    /// Notes that the device changes rows, or that the host has them as they are.
    pub(super) fn set_changed(&self, table: usize, slots: &[u32], changed: bool) {
        for &slot in slots {
            self.0[table][slot as usize].changed.store(changed, Ordering::Release);
        }
    }
}

/// The slots that a batch holds, as long as it can be used.
#[derive(Debug)]
pub(super) struct Hold {
    all: Arc<Slots>,
    /// For each table.
    pub(super) slots: Vec<Vec<u32>>,
}

impl Hold {
    pub(super) fn new(all: &Arc<Slots>, slots: Vec<Vec<u32>>) -> Self {
        let hold = Self { all: all.clone(), slots };
        for count in hold.counts() {
            count.fetch_add(1, Ordering::AcqRel);
        }
        hold
    }

    /// Makes the rows stay until the recorder's work is submitted.
    fn hold_for(self: &Arc<Self>, rec: &mut Recorder) {
        rec.keep(self);
    }

    /// [`Hold::hold_for`] a recorder that changes the rows of the tables that are trained: its submission, if
    /// there is one, says so.
    pub(super) fn changed_by(self: &Arc<Self>, rec: &mut Recorder, trained: Vec<bool>) {
        self.hold_for(rec);
        let hold = self.clone();
        rec.when_submitted(move || {
            for (table, slots) in hold.slots.iter().enumerate().filter(|(table, _)| trained[*table]) {
                hold.all.set_changed(table, slots, true);
            }
        });
    }

    fn counts(&self) -> impl Iterator<Item = &AtomicU32> {
        let tables = self.all.0.iter().zip(&self.slots);
        tables.flat_map(|(all, slots)| slots.iter().map(|&slot| &all[slot as usize].holds))
    }
}

impl Drop for Hold {
    fn drop(&mut self) {
        for count in self.counts() {
            count.fetch_sub(1, Ordering::AcqRel);
        }
    }
}

/// A batch with its rows in the cache; made by [`CachedBags::place`](super::CachedBags::place).
///
/// Its rows stay in the cache while there is a clone of it, or a [`Recorder`],
/// [`Submission`](crate::Submission) or [`Readback`](crate::Readback) with an operation on it.
#[derive(Debug, Clone)]
pub struct CachedBatch {
    /// Its ids are slots.
    pub(super) inner: JaggedBatch,
    pub(super) hold: Arc<Hold>,
}

impl CachedBatch {
    /// Number of examples; the most that a feature has, if they differ.
    #[must_use]
    pub fn len(&self) -> usize {
        self.inner.len()
    }

    /// Whether there are no examples.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.inner.is_empty()
    }

    /// Number of ids in all bags.
    #[must_use]
    pub fn ids(&self) -> usize {
        self.inner.ids()
    }

    /// The same bags with other per-sample weights, as [`JaggedBatch::with_weights`].
    ///
    /// # Errors
    /// As [`JaggedBatch::with_weights`].
    pub fn with_weights(&self, weights: Buffer) -> Result<Self> {
        Ok(Self { inner: self.inner.with_weights(weights)?, hold: self.hold.clone() })
    }

    /// Number of examples of a feature.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`](crate::Error::InvalidArgument) if there is no such feature.
    pub fn examples_of(&self, feature: &str) -> Result<usize> {
        self.inner.examples_of(feature)
    }

    /// Whether features have different numbers of examples.
    #[must_use]
    pub fn is_variable(&self) -> bool {
        self.inner.is_variable()
    }

    /// As [`JaggedBatch::output_cols`].
    #[must_use]
    pub fn output_cols(&self) -> usize {
        self.inner.output_cols()
    }

    /// As [`JaggedBatch::columns_of`].
    ///
    /// # Errors
    /// As [`JaggedBatch::columns_of`].
    pub fn columns_of(&self, feature: &str) -> Result<Range<usize>> {
        self.inner.columns_of(feature)
    }

    /// Number of ids of a feature.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`](crate::Error::InvalidArgument) if there is no such feature.
    pub fn ids_of(&self, feature: &str) -> Result<usize> {
        // the host knows them all
        self.inner.ids_of(feature).map(Option::unwrap_or_default)
    }

    /// Number of distinct rows.
    #[must_use]
    pub fn distinct_rows(&self) -> usize {
        self.hold.slots.iter().map(Vec::len).sum()
    }

    /// Number of ids out of range that [`Bounds::Skip`](crate::Bounds::Skip) left out.
    ///
    /// # Errors
    /// None that batches from the host have.
    pub fn skipped(&self) -> Result<u64> {
        self.inner.skipped()
    }

    /// See [`Hold::hold_for`].
    pub(super) fn hold_for(&self, rec: &mut Recorder) {
        self.hold.hold_for(rec);
    }

    /// See [`Hold::changed_by`].
    pub(super) fn changed_by(&self, rec: &mut Recorder, trained: Vec<bool>) {
        self.hold.changed_by(rec, trained);
    }
}
