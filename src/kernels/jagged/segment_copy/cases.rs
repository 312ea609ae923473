//! The cases of `segment_copy`.

use super::*;
use crate::kernel::{Case, CaseBinding};
use crate::kernels::jagged_inputs::{status, unwritten, values};
use crate::kernels::random::Random;
use crate::kernels::segment_lengths::cases::{Pair, pairs};

pub(crate) fn cases() -> Vec<Case> {
    let mut all = Vec::new();
    for pair in pairs() {
        for refused in [false, true] {
            let made = offsets_of_made(&pair);
            let scatter = pair.params.scatter == 1;
            let (walked, other) = if scatter { (&pair.source, &made) } else { (&made, &pair.source) };
            let len = values(walked);
            let mut random = Random::new(3);
            let source: Vec<u32> = (0..values(&pair.source)).map(|_| random.below(u32::MAX)).collect();
            let bindings = Bindings {
                status: status(refused),
                begins: CaseBinding::ints(walked),
                other_begins: CaseBinding::ints(other),
                order: CaseBinding::ints(&pair.order),
                source: CaseBinding::ints(&source),
                out: unwritten(values(&made)),
            };
            let params = Params { len, ..pair.params };
            let name = format!("{} refused={refused}", pair.name);
            let case = Case::new(name, [0], &params, bindings, len.div_ceil(256));
            let bench = pair.name.starts_with("large") && !refused;
            all.push(if bench { case.bench(u64::from(len) * 8, 0) } else { case });
        }
    }
    all
}

/// The offsets of the tensor that is made; segments that nothing is copied to are empty.
fn offsets_of_made(pair: &Pair) -> Vec<u32> {
    let mut lengths = vec![0; pair.segments as usize];
    for segment in 0..pair.params.segments {
        let other = pair.other(segment);
        let (from, to) = if pair.params.scatter == 1 { (segment, other) } else { (other, segment) };
        lengths[to as usize] = pair.source[from as usize + 1] - pair.source[from as usize];
    }
    let mut end = 0;
    let ends = lengths.into_iter().map(|length| {
        end += length;
        end
    });
    std::iter::once(0).chain(ends).collect()
}
