//! A group, and what all ranks agree on before each exchange.

use std::cell::RefCell;
use std::fmt;
use std::rc::Rc;

use bytemuck::Pod;
use serde::{Deserialize, Serialize};

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

impl<G: Group + 'static> From<G> for Ranks {
    fn from(group: G) -> Self {
        Self::new(group)
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

    /// Whether any rank says so, for each of some questions: whether to stop, say, and whether there is more
    /// to train on. All ranks call it together, and get the same.
    ///
    /// ```
    /// use embag::sharded::{Group, Ranks, Threads};
    ///
    /// std::thread::scope(|scope| {
    ///     for group in Threads::group(2) {
    ///         scope.spawn(move || {
    ///             let mut batches = [3, 5][group.rank()]; // of this rank
    ///             let (ranks, mut steps) = (Ranks::new(group), 0);
    ///             loop {
    ///                 let [stop, more] = ranks.any([false, batches > 0]).unwrap();
    ///                 if stop || !more {
    ///                     break;
    ///                 }
    ///                 // a rank without a batch takes the step with an empty one
    ///                 batches -= i32::from(batches > 0);
    ///                 steps += 1;
    ///             }
    ///             assert_eq!(steps, 5);
    ///         });
    ///     }
    /// });
    /// ```
    ///
    /// # Errors
    /// [`Error::Group`] if a rank is gone or late, [`Error::Rank`] if one calls something else.
    pub fn any<const N: usize>(&self, own: [bool; N]) -> Result<[bool; N]> {
        const { assert!(N <= 32, "as many questions as a word has bits") };
        let bits = own.iter().rev().fold(0, |bits, &said| bits << 1 | u32::from(said));
        let all = self.agree(Call::Any, Ok(bits))?.into_iter().fold(0, |all, bits| all | bits);
        Ok(std::array::from_fn(|question| all >> question & 1 == 1))
    }

    /// The values of all ranks, in their order: losses and predictions, say, for metrics. All ranks call it
    /// together.
    ///
    /// ```
    /// use embag::sharded::{Group, Ranks, Threads};
    ///
    /// std::thread::scope(|scope| {
    ///     for group in Threads::group(2) {
    ///         scope.spawn(move || {
    ///             let own: &[f32] = [&[0.25, 0.5][..], &[0.125]][group.rank()];
    ///             assert_eq!(Ranks::new(group).gather(own).unwrap(), [vec![0.25, 0.5], vec![0.125]]);
    ///         });
    ///     }
    /// });
    /// ```
    ///
    /// # Errors
    /// As [`Ranks::any`].
    pub fn gather<T: Pod>(&self, own: &[T]) -> Result<Vec<Vec<T>>> {
        self.agree(Call::Gather, Ok(0))?;
        let all = self.0.borrow_mut().all_gather(Traffic::Values, bytemuck::cast_slice(own))?;
        let values = |(rank, bytes): (usize, &Vec<u8>)| match bytes.len().checked_rem(size_of::<T>()) {
            Some(0) => Ok(bytemuck::pod_collect_to_vec(bytes)),
            _ => {
                Err(Error::on_rank(rank, format!("gather: expected whole values, got {} bytes", bytes.len())))
            }
        };
        all.iter().enumerate().map(values).collect()
    }

    /// Compares what ranks were told, by name: settings, data, versions. All ranks call it together, with the
    /// same names in the same order.
    ///
    /// # Errors
    /// [`Error::Rank`] on all ranks if a value of one of them is not that of rank 0, which names rank and
    /// value; as [`Ranks::any`].
    pub fn check_same(&self, values: &[(&str, String)]) -> Result<()> {
        self.agree(Call::Compare, Ok(0))?;
        let told: Vec<(&str, Told)> = values.iter().map(|(name, value)| (*name, Told::of(value))).collect();
        let message = serde_json::to_vec(&told)
            .map_err(|error| Error::invalid("values", "what JSON can say", error))?;
        let all = self.0.borrow_mut().all_gather(Traffic::Header, &message)?;
        let read = |(rank, message): (usize, &Vec<u8>)| {
            let unreadable = |error| Error::on_rank(rank, format!("{error}: another version?"));
            serde_json::from_slice::<Vec<(String, Told)>>(message).map_err(unreadable)
        };
        let all = all.iter().enumerate().map(read).collect::<Result<Vec<_>>>()?;
        let Some((first, others)) = all.split_first() else { return Ok(()) };
        for (rank, told) in (1..).zip(others) {
            let names =
                |told: &[(String, Told)]| told.iter().map(|(name, _)| name.clone()).collect::<Vec<_>>();
            if names(first) != names(told) {
                let (expected, got) = (names(first), names(told));
                return Err(Error::on_rank(
                    rank,
                    format!("expected {expected:?}, as on rank 0, got {got:?}"),
                ));
            }
            if let Some(((name, expected), (_, got))) = first.iter().zip(told).find(|(a, b)| a != b) {
                return Err(Error::on_rank(
                    rank,
                    format!("{name}: expected {expected}, as on rank 0, got {got}"),
                ));
            }
        }
        Ok(())
    }

    /// Tells all ranks which call this one makes and, if it can go on, a number of its own; gives the numbers
    /// of all. If one of them cannot, or makes another call, that is the same error on all of them.
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

    /// Tells all ranks a sum of the layers that this one reduces, and refuses those of others.
    pub(super) fn agree_on_layers(&self, own: Result<u32>) -> Result<()> {
        let sums = self.agree(Call::Reduce, own)?;
        match sums.iter().position(|sum| *sum != sums[0]) {
            Some(rank) => {
                let reason = "layers: expected those of rank 0, and its thresholds, got others";
                Err(Error::on_rank(rank, reason))
            }
            None => Ok(()),
        }
    }

    /// [`Group::all_to_all`] of words. The own message comes back as it is.
    pub(super) fn all_to_all(&self, what: Traffic, mut send: Vec<Vec<u32>>) -> Result<Vec<Vec<u32>>> {
        let rank = self.rank();
        let own = std::mem::take(&mut send[rank]);
        let bytes: Vec<&[u8]> = send.iter().map(|words| bytemuck::cast_slice(words)).collect();
        let got = self.0.borrow_mut().all_to_all(what, &bytes)?;
        let got = got.iter().enumerate().map(|(rank, bytes)| words(what, rank, bytes));
        let mut got = got.collect::<Result<Vec<_>>>()?;
        got[rank] = own;
        Ok(got)
    }

    /// [`Group::all_gather`] of words.
    pub(super) fn all_gather(&self, what: Traffic, send: &[u32]) -> Result<Vec<Vec<u32>>> {
        let got = self.0.borrow_mut().all_gather(what, bytemuck::cast_slice(send))?;
        got.iter().enumerate().map(|(rank, bytes)| words(what, rank, bytes)).collect()
    }
}

/// A value that ranks compare: the beginning of its text, and a sum of all of it.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Told {
    begin: String,
    sum: u32,
}

impl Told {
    /// Letters that are told.
    const SHOWN: usize = 200;

    fn of(value: &str) -> Self {
        Self { begin: value.chars().take(Self::SHOWN).collect(), sum: sum_of(&value) }
    }
}

impl fmt::Display for Told {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.begin.chars().count() < Self::SHOWN {
            true => f.write_str(&self.begin),
            false => write!(f, "{}... (sum {:08x})", self.begin, self.sum),
        }
    }
}

/// A sum of what is told of a value, by which ranks see whether they have the same.
pub(super) fn sum_of(value: &impl fmt::Debug) -> u32 {
    let text = format!("{value:?}");
    text.bytes()
        .zip(1u32..)
        .fold(0, |sum, (byte, place)| crate::cpu::random_word(sum, u32::from(byte), place))
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
    Any,
    Gather,
    Forth,
    Back,
    Compare,
    Download,
    Save,
    Load,
}

impl Call {
    const ALL: [(Self, &'static str); 13] = [
        (Self::Build, "`build`"),
        (Self::Exchange, "`prefetch`, or `forward` with a new batch,"),
        (Self::Forward, "`forward`"),
        (Self::Backward, "`backward`"),
        (Self::Reduce, "`reduce`"),
        (Self::Any, "`any`"),
        (Self::Gather, "`gather`"),
        (Self::Forth, "a boundary's `forward`"),
        (Self::Back, "a boundary's `backward`"),
        (Self::Compare, "`check_same`, or `build`,"),
        (Self::Download, "`download`"),
        (Self::Save, "`save`"),
        (Self::Load, "`load`"),
    ];

    fn name(code: u32) -> &'static str {
        let found = Self::ALL.into_iter().find(|(call, _)| *call as u32 == code);
        found.map_or("something unknown", |(_, name)| name)
    }
}

/// Reads a message of words from its beginning on.
pub(super) struct Reader<'a> {
    pub(super) rank: usize,
    pub(super) what: Traffic,
    pub(super) rest: &'a [u32],
}

impl<'a> Reader<'a> {
    /// Of the messages of all ranks.
    pub(super) fn each(what: Traffic, messages: &'a [Vec<u32>]) -> Vec<Self> {
        messages.iter().enumerate().map(|(rank, rest)| Self { rank, what, rest }).collect()
    }

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
