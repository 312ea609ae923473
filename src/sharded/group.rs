//! What carries messages between ranks.

use std::fmt;

use crate::Result;

/// Ranks that work on one model together: the threads of a process ([`Threads`](super::Threads)), or
/// processes.
///
/// Every call is collective: all ranks make the same calls in the same order, and a call returns when what
/// this rank expects has come. A group stays on one thread.
pub trait Group {
    /// The number of this rank, from 0 on.
    fn rank(&self) -> usize;

    /// How many ranks there are.
    fn ranks(&self) -> usize;

    /// Sends `send[r]` to rank `r`, and gives what rank `r` sent here at place `r`. What a rank sends to
    /// itself comes back too.
    ///
    /// # Errors
    /// [`Error::Group`](crate::Error::Group) if a rank is gone, does something else, or does not answer in
    /// time; [`Error::InvalidArgument`](crate::Error::InvalidArgument) if there is not one message for each
    /// rank.
    fn all_to_all(&mut self, what: Traffic, send: &[&[u8]]) -> Result<Vec<Vec<u8>>>;

    /// Sends `send` to all ranks, and gives what each of them sent, in their order.
    ///
    /// # Errors
    /// As [`Group::all_to_all`].
    fn all_gather(&mut self, what: Traffic, send: &[u8]) -> Result<Vec<Vec<u8>>>;

    /// What was sent to other ranks so far.
    fn sent(&self) -> &Sent;
}

/// What messages are about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Traffic {
    /// Sizes, and whether all ranks can go on.
    Header,
    /// Ids, lengths and weights of batches.
    Ids,
    /// Rows of tables, for ranks that pool them.
    Rows,
    /// Pooled rows.
    Pooled,
    /// Gradients of pooled rows, and of rows.
    Gradients,
    /// Gradients of dense layers.
    Dense,
    /// Activations of layers on several ranks, and gradients of these.
    Activations,
    /// Values of whole tables, for callers and files.
    Tables,
    /// Other values that callers gather, such as predictions.
    Values,
}

impl Traffic {
    /// All kinds.
    pub const ALL: [Self; 9] = [
        Self::Header,
        Self::Ids,
        Self::Rows,
        Self::Pooled,
        Self::Gradients,
        Self::Dense,
        Self::Activations,
        Self::Tables,
        Self::Values,
    ];

    fn name(self) -> &'static str {
        match self {
            Self::Header => "headers",
            Self::Ids => "ids",
            Self::Rows => "rows",
            Self::Pooled => "pooled rows",
            Self::Gradients => "gradients",
            Self::Dense => "gradients of layers",
            Self::Activations => "activations",
            Self::Tables => "tables",
            Self::Values => "values",
        }
    }
}

impl fmt::Display for Traffic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// Bytes and messages that a rank has sent to other ranks: what a caller of a [`Group`] handed over, without
/// what a transport puts around it. A message of no bytes is one all the same.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Sent {
    of: [(u64, u64); Traffic::ALL.len()],
}

impl Sent {
    /// Bytes of this kind.
    #[must_use]
    pub fn bytes(&self, what: Traffic) -> u64 {
        self.of[what as usize].0
    }

    /// Messages of this kind.
    #[must_use]
    pub fn messages(&self, what: Traffic) -> u64 {
        self.of[what as usize].1
    }

    /// Bytes of all kinds.
    #[must_use]
    pub fn total_bytes(&self) -> u64 {
        self.of.iter().map(|(bytes, _)| bytes).sum()
    }

    /// Counts a message to another rank; for whoever implements [`Group`].
    pub fn count(&mut self, what: Traffic, bytes: usize) {
        let (all, messages) = &mut self.of[what as usize];
        *all += bytes as u64;
        *messages += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_has_its_place() {
        for (place, what) in Traffic::ALL.into_iter().enumerate() {
            assert_eq!(what as usize, place, "{what}");
        }
    }
}
