//! Made-up segments for the cases of the kernels on jagged tensors.

use super::feature::Status;
use super::random::Random;
use crate::kernel::CaseBinding;

/// Offsets of segments with up to `longest` values each, about a quarter of them empty.
pub(crate) fn offsets(segments: u32, longest: u32, seed: u64) -> Vec<u32> {
    let mut random = Random::new(seed);
    let mut end = 0;
    let mut all = vec![0];
    for _ in 0..segments {
        end += if random.below(4) == 0 { 0 } else { random.below(longest + 1) };
        all.push(end);
    }
    all
}

/// The number of values of segments.
pub(crate) fn values(offsets: &[u32]) -> u32 {
    offsets.last().copied().unwrap_or(0)
}

/// The result of a check that found nothing, or a fault.
pub(crate) fn status(refused: bool) -> CaseBinding {
    CaseBinding::ints(&[if refused { Status { bad_offset: 1, ..Status::CLEAN } } else { Status::CLEAN }])
}

/// An output of `len` words, none of which is right.
pub(crate) fn unwritten(len: u32) -> CaseBinding {
    CaseBinding::unwritten(len as usize)
}
