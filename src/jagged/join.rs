//! Tensors joined into one.

use super::KeyedJagged;
use super::blocks::Size;
use super::keyed::segments;
use super::offsets::count;
use crate::device::Recorder;
use crate::{Error, Result};

impl KeyedJagged {
    /// Records a tensor of the features of all these, one tensor's behind the other's.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] if there is no tensor, they have not the same number of examples, only some
    /// have weights, or together they are 2^32 - 1 segments or values or more; [`Error::LimitExceeded`] or
    /// [`Error::Device`] if the memory cannot be had.
    pub fn concat_features(rec: &mut Recorder, tensors: &[&Self]) -> Result<Self> {
        let batch = alike(tensors, "examples", |tensor| tensor.batch)?;
        let (firsts, features) = places(tensors, "features", |tensor| tensor.features)?;
        segments(features, batch)?;
        let values = total_values(tensors)?;
        let counts: Option<Vec<&[u32]>> = tensors.iter().map(|tensor| tensor.counts.as_deref()).collect();
        let size = Size { values, counts: counts.map(|counts| counts.concat()) };
        let parts: Vec<_> = tensors.iter().zip(firsts).map(|(&tensor, first)| (tensor, first, 0)).collect();
        rec.whole(|rec| {
            Self::scatter(rec, "the offsets of the joined features", &parts, (features, batch), size)
        })
    }

    /// Records a tensor of the examples of all these, one tensor's behind the other's in each feature.
    ///
    /// # Errors
    /// As [`KeyedJagged::concat_features`], but they must have the same number of features.
    pub fn concat_batch(rec: &mut Recorder, tensors: &[&Self]) -> Result<Self> {
        let features = alike(tensors, "features", |tensor| tensor.features)?;
        let (firsts, batch) = places(tensors, "examples", |tensor| tensor.batch)?;
        segments(features, batch)?;
        let values = total_values(tensors)?;
        let counts: Option<Vec<&Vec<u32>>> = tensors.iter().map(|tensor| tensor.counts.as_ref()).collect();
        // no more than the number of values
        let sum = |counts: &[&Vec<u32>], feature: usize| counts.iter().map(|counts| counts[feature]).sum();
        let counts =
            counts.map(|counts| (0..features as usize).map(|feature| sum(&counts, feature)).collect());
        let parts: Vec<_> = tensors.iter().zip(firsts).map(|(&tensor, first)| (tensor, 0, first)).collect();
        rec.whole(|rec| {
            let size = Size { values, counts };
            Self::scatter(rec, "the offsets of the joined examples", &parts, (features, batch), size)
        })
    }
}

/// What all tensors have the same number of; whether all have weights is checked too.
fn alike(tensors: &[&KeyedJagged], what: &str, number: impl Fn(&KeyedJagged) -> u32) -> Result<u32> {
    let Some(first) = tensors.first() else {
        return Err(Error::invalid("tensors", "at least one", "none"));
    };
    for (i, tensor) in tensors.iter().enumerate() {
        let name = || format!("tensors[{i}]");
        let expected = number(first);
        if number(tensor) != expected {
            return Err(Error::invalid(
                name(),
                format!("{expected} {what}, as in the first"),
                number(tensor),
            ));
        }
        if tensor.weights.is_some() != first.weights.is_some() {
            let words = |weighted: bool| if weighted { "weights" } else { "no weights" };
            let expected = format!("{}, as in the first", words(first.weights.is_some()));
            return Err(Error::invalid(name(), expected, words(tensor.weights.is_some())));
        }
    }
    Ok(number(first))
}

/// Where each tensor begins if they are put behind each other, and the end.
fn places(
    tensors: &[&KeyedJagged],
    what: &str,
    number: impl Fn(&KeyedJagged) -> u32,
) -> Result<(Vec<u32>, u32)> {
    let mut end = 0usize;
    let mut firsts = Vec::with_capacity(tensors.len());
    for tensor in tensors {
        firsts.push(count(what, end)?);
        end = end.saturating_add(number(tensor) as usize);
    }
    Ok((firsts, count(what, end)?))
}

fn total_values(tensors: &[&KeyedJagged]) -> Result<u32> {
    let sum = tensors.iter().fold(0usize, |sum, tensor| sum.saturating_add(tensor.len() as usize));
    count("values", sum)
}
