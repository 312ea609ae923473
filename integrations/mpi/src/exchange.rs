//! Messages from each rank to each: as they are, so that what is counted is what travels.

use std::time::{Duration, Instant};

use embag::sharded::{Group, Sent, Traffic};
use embag::{Error, Result};
use mpi::datatype::Equivalence;
use mpi::request::{LocalScope, Request, scope};
use mpi::traits::{Communicator, CommunicatorCollectives, Destination, Source};

use crate::Mpi;

/// Bytes of a piece at most: counts of MPI are of 32 bits, and long messages would hold up others. A piece of
/// this size is followed by another one.
const PIECE: usize = 256 << 20;

impl Group for Mpi {
    fn rank(&self) -> usize {
        usize::try_from(self.world.rank()).unwrap_or(0)
    }

    fn ranks(&self) -> usize {
        usize::try_from(self.world.size()).unwrap_or(1)
    }

    fn all_to_all(&mut self, what: Traffic, send: &[&[u8]]) -> Result<Vec<Vec<u8>>> {
        let (rank, ranks) = (self.rank(), self.ranks());
        if send.len() != ranks {
            return Err(Error::InvalidArgument {
                argument: "messages".to_owned(),
                expected: format!("{ranks}, one for each rank"),
                got: send.len().to_string(),
            });
        }
        let mut got = vec![Vec::new(); ranks];
        got[rank] = send[rank].to_vec();
        let others = || (0..ranks).filter(|&other| other != rank);
        others().for_each(|to| self.sent.count(what, send[to].len()));
        let begun = Instant::now();
        scope(|scope| {
            let mut sending: Vec<(usize, Request<'_, [u8], &LocalScope<'_>>)> = Vec::new();
            for to in others() {
                let process = self.world.process_at_rank(number(to));
                let pieces = pieces(send[to]);
                sending.extend(
                    pieces.map(|piece| (to, process.immediate_send_with_tag(scope, piece, tag(what)))),
                );
            }
            let mut awaited: Vec<usize> = others().collect();
            let mut idle = 0u32;
            while !(awaited.is_empty() && sending.is_empty()) {
                let before = (awaited.len(), sending.len());
                awaited.retain(|&from| !self.received(what, from, &mut got[from]));
                sending = sending
                    .into_iter()
                    .filter_map(|(to, request)| request.test().err().map(|request| (to, request)))
                    .collect();
                idle = if before == (awaited.len(), sending.len()) { idle + 1 } else { 0 };
                if begun.elapsed() > self.patience {
                    let late =
                        awaited.iter().chain(sending.iter().map(|(to, _)| to)).min().copied().unwrap_or(rank);
                    self.abort(
                        &self.error(what, format!("rank {late} did not answer within {:?}", self.patience)),
                    );
                }
                // the first rounds take the messages that are there already
                if idle > 200 {
                    std::thread::sleep(Duration::from_micros(50));
                }
            }
        });
        Ok(got)
    }

    fn all_gather(&mut self, what: Traffic, send: &[u8]) -> Result<Vec<Vec<u8>>> {
        self.all_to_all(what, &vec![send; self.ranks()])
    }

    fn sent(&self) -> &Sent {
        &self.sent
    }
}

impl Mpi {
    /// Takes the pieces of a rank's message that have come; whether it is whole.
    fn received(&self, what: Traffic, from: usize, message: &mut Vec<u8>) -> bool {
        let process = self.world.process_at_rank(number(from));
        while let Some((piece, status)) = process.immediate_matched_probe() {
            if status.tag() != tag(what) {
                let other = Traffic::ALL.iter().find(|&&other| tag(other) == status.tag());
                let other = other.map_or("something unknown".to_owned(), ToString::to_string);
                self.abort(&self.error(what, format!("expected {what} of rank {from}, got {other}")));
            }
            let bytes = usize::try_from(status.count(u8::equivalent_datatype())).unwrap_or(0);
            let begin = message.len();
            message.resize(begin + bytes, 0);
            piece.matched_receive_into(&mut message[begin..]);
            if bytes < PIECE {
                return true;
            }
        }
        false
    }

    /// Waits until all ranks leave: MPI's own end would wait for ever for one that does not.
    pub(crate) fn leave(&self) {
        let mut barrier = self.world.immediate_barrier();
        let begun = Instant::now();
        loop {
            match barrier.test() {
                Ok(_) => return,
                Err(waiting) => barrier = waiting,
            }
            if begun.elapsed() > self.patience {
                self.abort(&format!(
                    "rank {}: other ranks did not end within {:?}",
                    self.rank(),
                    self.patience
                ));
            }
            std::thread::sleep(Duration::from_micros(50));
        }
    }

    fn error(&self, what: Traffic, reason: String) -> Error {
        Error::Group { rank: self.rank(), what: what.to_string(), reason }
    }

    /// Says what is wrong and ends all ranks.
    pub(crate) fn abort(&self, error: &dyn std::fmt::Display) -> ! {
        eprintln!("{error}");
        self.world.abort(1)
    }
}

/// Pieces of a message; behind one of the largest size there is another, if an empty one.
fn pieces(message: &[u8]) -> impl Iterator<Item = &[u8]> {
    let count = message.len() / PIECE + 1;
    (0..count).map(move |i| &message[i * PIECE..message.len().min((i + 1) * PIECE)])
}

fn number(rank: usize) -> mpi::Rank {
    // ranks came from MPI
    mpi::Rank::try_from(rank).unwrap_or_default()
}

fn tag(what: Traffic) -> mpi::Tag {
    what as mpi::Tag
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_piece_is_shorter_than_others() {
        let sizes = |len: usize| pieces(&vec![0; len]).map(<[u8]>::len).collect::<Vec<_>>();
        assert_eq!(sizes(0), [0]);
        assert_eq!(sizes(5), [5]);
        assert_eq!(sizes(PIECE), [PIECE, 0]);
        assert_eq!(sizes(2 * PIECE + 1), [PIECE, PIECE, 1]);
    }
}
