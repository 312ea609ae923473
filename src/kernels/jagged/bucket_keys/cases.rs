//! The cases of `bucket_keys`.

use super::*;
use crate::kernel::{Case, CaseBinding};
use crate::kernels::jagged_inputs::{offsets, status, unwritten, values};
use crate::kernels::random::Random;

pub(crate) fn cases() -> Vec<Case> {
    let mut all = Vec::new();
    for (name, features, batch, longest, buckets, refused) in [
        ("some", 3, 5, 4, 3, false),
        ("empty features", 5, 1, 1, 2, false),
        ("one bucket", 2, 40, 3, 1, false),
        ("refused", 3, 5, 4, 3, true),
        ("large", 8, 2048, 40, 16, false),
    ] {
        let offsets = offsets(features * batch, longest, 31);
        let len = values(&offsets);
        let mut random = Random::new(37);
        let blocks: Vec<u32> =
            (0..features).map(|feature| [1, 300, u32::MAX][feature as usize % 3]).collect();
        let ids: Vec<u32> =
            (0..len).map(|i| random.below(if i % 7 == 0 { u32::MAX } else { 1000 })).collect();
        let bindings = Bindings {
            status: status(refused),
            offsets: CaseBinding::ints(&offsets),
            blocks: CaseBinding::ints(&blocks),
            values: CaseBinding::ints(&ids),
            keys: unwritten(len),
            locals: unwritten(len),
        };
        let case =
            Case::new(name, [0], &Params { len, features, batch, buckets }, bindings, len.div_ceil(256));
        all.push(if name == "large" { case.bench(u64::from(len) * 12, 0) } else { case });
    }
    all
}
