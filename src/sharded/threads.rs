//! Ranks that are threads of one process.

use std::collections::VecDeque;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::{Group, Sent, Traffic};
use crate::{Error, Result};

/// A rank of a group of threads, for several devices of one machine, and for tests. Each thread takes one;
/// when one is dropped, by an error or a panic of its thread too, calls of the others that wait for it give
/// an error.
///
/// ```
/// use embag::sharded::{Group, Threads, Traffic};
///
/// std::thread::scope(|scope| {
///     for mut group in Threads::group(3) {
///         scope.spawn(move || {
///             let own = [u8::try_from(group.rank()).unwrap(); 2];
///             let all = group.all_gather(Traffic::Ids, &own).unwrap();
///             assert_eq!(all, [[0, 0], [1, 1], [2, 2]]);
///             assert_eq!(group.sent().bytes(Traffic::Ids), 4); // two bytes to each of the others
///         });
///     }
/// });
/// ```
#[derive(Debug)]
pub struct Threads {
    rank: usize,
    shared: Arc<Shared>,
    sent: Sent,
    patience: Duration,
}

#[derive(Debug)]
struct Shared {
    state: Mutex<State>,
    changed: Condvar,
}

type Mailbox = VecDeque<(Traffic, Vec<u8>)>;

#[derive(Debug)]
struct State {
    /// `boxes[to][from]`: messages that have not been taken.
    boxes: Vec<Vec<Mailbox>>,
    gone: Vec<bool>,
}

impl Threads {
    /// A group of `ranks` ranks, in their order.
    #[must_use]
    pub fn group(ranks: usize) -> Vec<Self> {
        let boxes = (0..ranks).map(|_| (0..ranks).map(|_| VecDeque::new()).collect()).collect();
        let state = Mutex::new(State { boxes, gone: vec![false; ranks] });
        let shared = Arc::new(Shared { state, changed: Condvar::new() });
        let one = |rank| Self {
            rank,
            shared: shared.clone(),
            sent: Sent::default(),
            patience: Duration::from_secs(600),
        };
        (0..ranks).map(one).collect()
    }

    /// Sets how long a call waits for another rank; ten minutes if it is not set.
    #[must_use]
    pub fn patience(mut self, longest: Duration) -> Self {
        self.patience = longest;
        self
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.shared.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The next message of a rank.
    fn take(&self, what: Traffic, from: usize, deadline: Instant) -> Result<Vec<u8>> {
        let error = |reason: String| Error::Group { rank: self.rank, what: what.to_string(), reason };
        let mut state = self.state();
        loop {
            match state.boxes[self.rank][from].pop_front() {
                Some((sent, message)) if sent == what => return Ok(message),
                Some((sent, _)) => {
                    return Err(error(format!("expected {what} of rank {from}, got {sent}")));
                }
                None if state.gone[from] => return Err(error(format!("rank {from} has left the group"))),
                None => {}
            }
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Err(error(format!("rank {from} did not answer within {:?}", self.patience)));
            }
            state =
                self.shared.changed.wait_timeout(state, left).map_or_else(|e| e.into_inner().0, |got| got.0);
        }
    }
}

impl Group for Threads {
    fn rank(&self) -> usize {
        self.rank
    }

    fn ranks(&self) -> usize {
        self.state().gone.len()
    }

    fn all_to_all(&mut self, what: Traffic, send: &[&[u8]]) -> Result<Vec<Vec<u8>>> {
        let ranks = self.ranks();
        if send.len() != ranks {
            return Err(Error::invalid("messages", format!("{ranks}, one for each rank"), send.len()));
        }
        let others = send.iter().enumerate().filter(|(to, _)| *to != self.rank);
        others.for_each(|(_, message)| self.sent.count(what, message.len()));
        let mut state = self.state();
        for (to, message) in send.iter().enumerate() {
            state.boxes[to][self.rank].push_back((what, message.to_vec()));
        }
        drop(state);
        self.shared.changed.notify_all();
        let deadline = Instant::now() + self.patience;
        (0..ranks).map(|from| self.take(what, from, deadline)).collect()
    }

    fn all_gather(&mut self, what: Traffic, send: &[u8]) -> Result<Vec<Vec<u8>>> {
        self.all_to_all(what, &vec![send; self.ranks()])
    }

    fn sent(&self) -> &Sent {
        &self.sent
    }
}

impl Drop for Threads {
    fn drop(&mut self) {
        self.state().gone[self.rank] = true;
        self.shared.changed.notify_all();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What each rank returns, in their order.
    fn on_ranks<T: Send>(ranks: usize, act: impl Fn(Threads) -> T + Sync) -> Vec<T> {
        std::thread::scope(|scope| {
            let threads: Vec<_> =
                Threads::group(ranks).into_iter().map(|group| scope.spawn(|| act(group))).collect();
            threads.into_iter().map(|thread| thread.join().unwrap()).collect()
        })
    }

    fn rank_of(group: &Threads) -> u8 {
        u8::try_from(group.rank()).unwrap()
    }

    #[test]
    fn messages_come_from_whom_they_are_of() {
        let got = on_ranks(3, |mut group| {
            let own: Vec<Vec<u8>> = (0..3u8).map(|to| vec![rank_of(&group), to]).collect();
            let send: Vec<&[u8]> = own.iter().map(Vec::as_slice).collect();
            (group.all_to_all(Traffic::Rows, &send).unwrap(), *group.sent())
        });
        for (rank, (messages, sent)) in (0u8..).zip(got) {
            assert_eq!(messages, (0..3u8).map(|from| vec![from, rank]).collect::<Vec<_>>());
            assert_eq!((sent.bytes(Traffic::Rows), sent.messages(Traffic::Rows)), (4, 2));
            assert_eq!(sent.total_bytes(), 4);
        }
    }

    #[test]
    fn who_is_gone_late_or_elsewhere_is_named() {
        let got = on_ranks(2, |mut group| match group.rank() {
            0 => group.all_gather(Traffic::Ids, b"").unwrap_err().to_string(),
            _ => String::new(),
        });
        assert_eq!(got[0], "rank 0, exchange of ids: rank 1 has left the group");
        let got = on_ranks(2, |group| {
            let mut group = group.patience(Duration::from_millis(300));
            match group.rank() {
                0 => group.all_gather(Traffic::Rows, b"").unwrap_err().to_string(),
                _ => {
                    std::thread::sleep(Duration::from_millis(900));
                    String::new()
                }
            }
        });
        assert_eq!(got[0], "rank 0, exchange of rows: rank 1 did not answer within 300ms");
        let got = on_ranks(2, |mut group| {
            let what = [Traffic::Ids, Traffic::Rows][group.rank()];
            group.all_gather(what, b"").map_err(|error| error.to_string())
        });
        assert_eq!(got[1], Err("rank 1, exchange of rows: expected rows of rank 0, got ids".to_owned()));
        let mut alone = Threads::group(1).remove(0);
        let error = alone.all_to_all(Traffic::Ids, &[]).unwrap_err().to_string();
        assert_eq!(error, "messages: expected 1, one for each rank, got 0");
    }
}
