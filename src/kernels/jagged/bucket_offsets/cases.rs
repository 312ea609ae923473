//! The cases of `bucket_offsets`.

use super::*;
use crate::kernel::{Case, CaseBinding};
use crate::kernels::jagged_inputs::{offsets, status, unwritten, values};
use crate::kernels::random::Random;

pub(crate) fn cases() -> Vec<Case> {
    let mut all = Vec::new();
    for (name, segments, longest, buckets, refused) in [
        ("some", 15, 4, 3, false),
        ("no values", 9, 0, 2, false),
        ("one bucket", 80, 3, 1, false),
        ("refused", 15, 4, 3, true),
        ("large", 16_384, 40, 16, false),
    ] {
        let offsets = offsets(segments, longest, 41);
        let len = values(&offsets);
        let mut random = Random::new(43);
        let mut sorted: Vec<(u32, u32)> = (0..len).map(|i| (random.below(buckets), i)).collect();
        sorted.sort_unstable();
        let (keys, positions): (Vec<u32>, Vec<u32>) = sorted.into_iter().unzip();
        let out = segments * buckets + 1;
        let bindings = Bindings {
            status: status(refused),
            offsets: CaseBinding::ints(&offsets),
            keys: CaseBinding::ints(&keys),
            positions: CaseBinding::ints(&positions),
            out: unwritten(out),
        };
        let case = Case::new(name, [0], &Params { len, segments, buckets }, bindings, out.div_ceil(64));
        all.push(if name == "large" { case.bench(u64::from(out) * 8, 0) } else { case });
    }
    all
}
