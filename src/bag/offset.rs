//! Offsets of bags in host data.

use std::ops::Range;

use crate::{Error, Result};

/// An offset type: `u32`, `u64`, `i32` (Arrow's `List`) or `i64` (Arrow's `LargeList`, torch).
pub trait Offset: Copy {
    /// The offset as a number.
    fn offset(self) -> i128;
}

macro_rules! offset {
    ($($type:ty),*) => {
        $(impl Offset for $type {
            fn offset(self) -> i128 {
                self.into()
            }
        })*
    };
}

offset!(u32, u64, i32, i64);

/// Bags that lie one after the other in values.
pub(super) struct Spans {
    /// The values that lie in bags.
    pub(super) values: Range<usize>,
    pub(super) lengths: Vec<u32>,
}

/// Turns offsets into lengths: `count` of them, of which `at` gives each; `argument` names them.
pub(super) fn spans(
    count: usize,
    at: impl Fn(usize) -> i128,
    values: usize,
    argument: impl Fn() -> String,
) -> Result<Spans> {
    let wrong = |index: usize, expected: String| {
        Err(Error::Offsets { argument: argument(), index, expected, got: at(index) })
    };
    let Some(last) = count.checked_sub(1) else {
        return Err(Error::invalid(argument(), "one more than bags", "none"));
    };
    if at(0) < 0 {
        return wrong(0, "at least 0".to_owned());
    }
    if let Some(i) = (0..last).find(|&i| at(i) > at(i + 1)) {
        return wrong(i + 1, format!("at least {}", at(i)));
    }
    let (Ok(first), Ok(end)) = (usize::try_from(at(0)), usize::try_from(at(last))) else {
        return wrong(last, format!("at most {values} (the number of ids)"));
    };
    if end > values {
        return wrong(last, format!("at most {values} (the number of ids)"));
    }
    // a length beyond u32 makes too many ids in all, which is refused with the batch
    let lengths = (0..last).map(|i| u32::try_from(at(i + 1) - at(i)).unwrap_or(u32::MAX)).collect();
    Ok(Spans { values: first..end, lengths })
}
