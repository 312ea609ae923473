//! A group, and what all ranks agree on before each exchange.

use std::cell::RefCell;
use std::fmt;
use std::rc::Rc;

use super::{Group, Sent, Traffic};
use crate::numbers::narrow;
use crate::{Error, Result};

/// A group that several parts of a model use by turns. Clones are the same group.
#[derive(Clone)]
pub struct Ranks(Rc<RefCell<dyn Group>>);

impl fmt::Debug for Ranks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "rank {} of {}", self.rank(), self.count())
    }
}

impl Ranks {
    /// Takes a group.
    #[must_use]
    pub fn new(group: impl Group + 'static) -> Self {
        Self(Rc::new(RefCell::new(group)))
    }

    /// The number of this rank, from 0 on.
    #[must_use]
    pub fn rank(&self) -> usize {
        self.0.borrow().rank()
    }

    /// How many ranks there are.
    #[must_use]
    pub fn count(&self) -> usize {
        self.0.borrow().ranks()
    }

    /// What this rank sent to others so far.
    #[must_use]
    pub fn sent(&self) -> Sent {
        *self.0.borrow().sent()
    }

    /// Tells all ranks which call this one makes and, if it can go on, a number of its own; gives the numbers of all.
    /// If one of them cannot, or makes another call, that is the same error on all of them.
    pub(super) fn agree(&self, call: Call, own: Result<u32>) -> Result<Vec<u32>> {
        let (number, error) = match own {
            Ok(number) => (number, None),
            Err(error) => (0, Some(error.to_string())),
        };
        let mut header = Vec::new();
        header.extend(bytemuck::bytes_of(&[call as u32, number, u32::from(error.is_some())]));
        header.extend(error.unwrap_or_default().as_bytes());
        let all = self.0.borrow_mut().all_gather(Traffic::Header, &header)?;
        let mut numbers = Vec::with_capacity(all.len());
        let mut first = None;
        for (rank, header) in all.iter().enumerate() {
            let Some((words, message)) = header.split_at_checked(12) else {
                return Err(Error::on_rank(rank, "a header that is too short: another version?"));
            };
            let words: Vec<u32> = bytemuck::pod_collect_to_vec(words);
            let called = *first.get_or_insert(words[0]);
            if words[2] != 0 {
                return Err(Error::on_rank(rank, String::from_utf8_lossy(message)));
            }
            if words[0] != called {
                let (here, there) = (Call::name(called), Call::name(words[0]));
                return Err(Error::on_rank(rank, format!("calls {there} where rank 0 calls {here}")));
            }
            numbers.push(words[1]);
        }
        Ok(numbers)
    }

    /// [`Group::all_to_all`] of words.
    pub(super) fn all_to_all(&self, what: Traffic, send: &[Vec<u32>]) -> Result<Vec<Vec<u32>>> {
        let send: Vec<&[u8]> = send.iter().map(|words| bytemuck::cast_slice(words)).collect();
        let got = self.0.borrow_mut().all_to_all(what, &send)?;
        got.iter().enumerate().map(|(rank, bytes)| words(what, rank, bytes)).collect()
    }

    /// [`Group::all_gather`] of words.
    pub(super) fn all_gather(&self, what: Traffic, send: &[u32]) -> Result<Vec<Vec<u32>>> {
        let got = self.0.borrow_mut().all_gather(what, bytemuck::cast_slice(send))?;
        got.iter().enumerate().map(|(rank, bytes)| words(what, rank, bytes)).collect()
    }
}

fn words(what: Traffic, rank: usize, bytes: &[u8]) -> Result<Vec<u32>> {
    if !bytes.len().is_multiple_of(4) {
        return Err(Error::on_rank(rank, format!("{what}: expected whole words, got {} bytes", bytes.len())));
    }
    Ok(bytemuck::pod_collect_to_vec(bytes))
}

/// The calls that ranks make together.
#[derive(Debug, Clone, Copy)]
pub(super) enum Call {
    Build,
    Exchange,
    Forward,
    Backward,
    Reduce,
    Download,
}

impl Call {
    fn name(code: u32) -> &'static str {
        let all = [Self::Build, Self::Exchange, Self::Forward, Self::Backward, Self::Reduce, Self::Download];
        match all.into_iter().find(|&call| call as u32 == code) {
            Some(Self::Build) => "`build`",
            Some(Self::Exchange) => "`prefetch`, or `forward` with a new batch,",
            Some(Self::Forward) => "`forward`",
            Some(Self::Backward) => "`backward`",
            Some(Self::Reduce) => "`reduce`",
            Some(Self::Download) => "`download`",
            None => "something unknown",
        }
    }
}

/// Reads a message of words from its beginning on.
pub(super) struct Reader<'a> {
    pub(super) rank: usize,
    pub(super) what: Traffic,
    pub(super) rest: &'a [u32],
}

impl<'a> Reader<'a> {
    /// The next words.
    pub(super) fn take(&mut self, count: usize) -> Result<&'a [u32]> {
        let Some((now, rest)) = self.rest.split_at_checked(count) else {
            let reason = format!("{}: expected {count} more words, got {}", self.what, self.rest.len());
            return Err(Error::on_rank(self.rank, reason));
        };
        self.rest = rest;
        Ok(now)
    }

    /// A list behind its length.
    pub(super) fn list(&mut self) -> Result<&'a [u32]> {
        let len = self.take(1)?[0];
        self.take(len as usize)
    }
}

/// Appends a list behind its length.
pub(super) fn put_list(message: &mut Vec<u32>, list: &[u32]) {
    message.push(narrow(list.len()));
    message.extend(list);
}
