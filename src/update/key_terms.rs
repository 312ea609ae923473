//! Keys of rows and terms of their gradients, in any order and sorted.

use crate::Result;
use crate::device::{Buffer, Recorder};
use crate::sort::sort_terms;

/// What is known about each position: the key of its row, and a term of the row's gradient.
pub(crate) struct KeyTerms {
    pub(crate) len: u32,
    pub(crate) keys: Buffer,
    pub(crate) terms: Buffer,
    /// The memory that the terms refer to, and whether all of them begin at multiples of four elements.
    pub(crate) grad: Buffer,
    pub(crate) vec4: bool,
}

/// [`KeyTerms`] with the keys in ascending order, the terms of equal keys in the order they had.
pub(crate) struct SortedTerms {
    pub(crate) len: u32,
    pub(crate) keys: Buffer,
    pub(crate) terms: Buffer,
    pub(crate) grad: Buffer,
    pub(crate) vec4: bool,
}

impl KeyTerms {
    /// Records the sort; no key is larger than `none_key`. The result lies in scratch memory.
    pub(crate) fn sorted(self, rec: &mut Recorder, none_key: u32) -> Result<SortedTerms> {
        let Self { len, keys, terms, grad, vec4 } = self;
        let bits = u32::BITS - none_key.max(1).leading_zeros();
        let in_order = rec.scratch("embag.sorted_terms", u64::from(len) * 8)?;
        let keys = sort_terms(rec, [&keys, &terms], &in_order, len, bits)?;
        Ok(SortedTerms { len, keys, terms: in_order, grad, vec4 })
    }
}
