//! The part of each batch that one of several ranks takes.

use std::num::NonZeroUsize;
use std::ops::Range;

/// One rank's part of each batch: the parts, in the order of ranks, are the batch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Part {
    rank: usize,
    ranks: NonZeroUsize,
}

impl Part {
    /// Whole batches.
    pub const ALL: Self = Self { rank: 0, ranks: NonZeroUsize::MIN };

    /// That of a rank, of at least one.
    #[allow(dead_code, reason = "most programs take whole batches")]
    pub fn of_rank(rank: usize, ranks: usize) -> Self {
        Self { rank, ranks: NonZeroUsize::new(ranks).unwrap_or(NonZeroUsize::MIN) }
    }

    /// Whether it is that of the first rank.
    pub const fn is_first(self) -> bool {
        self.rank == 0
    }

    /// The most examples that it has of batches of this size.
    pub const fn most(self, batch: NonZeroUsize) -> usize {
        batch.get().div_ceil(self.ranks.get())
    }

    /// Its examples of a batch of this size; a shorter one, such as the last of an epoch, leaves out those
    /// behind its end.
    pub fn of(self, batch: NonZeroUsize) -> Range<usize> {
        let (batch, ranks) = (batch.get(), self.ranks.get());
        let begin = |rank: usize| batch / ranks * rank + (batch % ranks).min(rank);
        begin(self.rank)..begin(self.rank + 1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_parts_of_all_ranks_are_the_batch() {
        for batch in (1..20).filter_map(NonZeroUsize::new) {
            assert_eq!(Part::ALL.of(batch), 0..batch.get());
            for ranks in 1..6 {
                let parts = (0..ranks).map(|rank| Part::of_rank(rank, ranks));
                assert!(parts.clone().flat_map(|part| part.of(batch)).eq(0..batch.get()));
                assert!(parts.clone().all(|part| part.of(batch).len() <= part.most(batch)));
            }
        }
    }
}
