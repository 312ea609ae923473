//! A directory as a checkpoint has it.

use super::IdDirectory;
use crate::Result;
use crate::checkpoint::Checkpoint;
use crate::kernels::directory::bucket::{Bucket, insert};
use crate::kernels::feature::NONE;
use crate::numbers::narrow;

/// A directory in a checkpoint.
pub(crate) struct SavedDirectory {
    /// The virtual id of each row, 0 for free ones.
    pub(crate) ids: Vec<u32>,
    left: Vec<u32>,
    refused: u32,
    sketch: Option<Vec<u32>>,
}

impl SavedDirectory {
    /// Rows in the order of different virtual ids.
    pub(crate) fn of_rows(ids: Vec<u32>) -> Self {
        Self { ids, left: Vec::new(), refused: 0, sketch: None }
    }

    /// The rows of a directory without what only admission needs.
    pub(super) fn of(directory: &IdDirectory) -> Result<Self> {
        let ids = directory.ids_of_rows()?;
        let left = ids.iter().zip(0u32..).filter(|(id, _)| **id == 0).map(|(_, row)| row).collect();
        Ok(Self { left, ..Self::of_rows(ids) })
    }

    pub(crate) fn read(checkpoint: &Checkpoint, prefix: &str) -> Result<Self> {
        let list = |what: &str| {
            let name = format!("{prefix}.{what}");
            let shape = checkpoint.shape(&name).unwrap_or(&[0]).to_vec();
            checkpoint.tensor::<u32>(&name, &shape).map(<[u32]>::to_vec)
        };
        let refused = checkpoint.tensor::<u32>(&format!("{prefix}.refused"), &[1])?[0];
        let sketch = checkpoint.shape(&format!("{prefix}.sketch")).map(|_| list("sketch")).transpose()?;
        if let Some(counters) =
            sketch.as_ref().map(Vec::len).filter(|n| !(n / 2).is_power_of_two() || n % 2 > 0)
        {
            let expected = "two halves of a power of two";
            return Err(checkpoint.mismatch(format!("{prefix}.sketch"), expected, counters));
        }
        let this = Self { ids: list("virtual_ids")?, left: list("left")?, refused, sketch };
        let mut used: Vec<u32> = this.ids.iter().copied().filter(|&id| id != 0).collect();
        used.sort_unstable();
        if let Some(pair) = used.windows(2).find(|pair| pair[0] == pair[1] || pair[1] == NONE) {
            return Err(checkpoint.mismatch(
                format!("{prefix}.virtual_ids"),
                "different virtual ids",
                pair[1],
            ));
        }
        // each free row is on the list of those that ids left, once
        let mut left = this.left.clone();
        left.sort_unstable();
        let free = this.ids.iter().zip(0u32..).filter(|(id, _)| **id == 0).map(|(_, row)| row);
        if !free.eq(left.iter().copied()) {
            let expected = "the rows without a virtual id";
            return Err(checkpoint.mismatch(format!("{prefix}.left"), expected, "others"));
        }
        Ok(this)
    }

    /// Whether it fits a directory.
    pub(crate) fn check(&self, into: &IdDirectory, checkpoint: &Checkpoint, prefix: &str) -> Result<()> {
        if self.ids.len() > into.capacity() {
            let expected = format!("at most {} rows", into.capacity());
            return Err(checkpoint.mismatch(format!("{prefix}.virtual_ids"), expected, self.ids.len()));
        }
        Ok(())
    }

    /// Rows that were left, the last one at the end.
    pub(crate) fn left(&self) -> &[u32] {
        &self.left
    }

    /// How often ids without a row were seen, if that is known.
    pub(crate) fn sketch(&self) -> Option<&[u32]> {
        self.sketch.as_deref()
    }

    /// Whether it says how often ids were seen, where that counts.
    pub(crate) fn check_sketch(
        &self,
        into: &IdDirectory,
        checkpoint: &Checkpoint,
        prefix: &str,
    ) -> Result<()> {
        if into.counts_ids() && self.sketch.is_none() {
            return Err(checkpoint.mismatch(
                format!("{prefix}.sketch"),
                "counters of ids without a row",
                "none",
            ));
        }
        Ok(())
    }

    /// Rows ever in use, those of them that are free again, and ids that found no row.
    pub(crate) fn counts(&self) -> [u32; 3] {
        [narrow(self.ids.len()), narrow(self.left.len()), self.refused]
    }

    pub(crate) fn entries(&self, buckets: u32) -> Vec<Bucket> {
        let mut entries = vec![Bucket::default(); buckets as usize];
        for (&id, row) in self.ids.iter().zip(0..).filter(|(id, _)| **id != 0) {
            insert(&mut entries, id, row);
        }
        entries
    }
}
