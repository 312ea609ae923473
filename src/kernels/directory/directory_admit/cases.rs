//! The cases of `directory_admit`.

use super::*;
use crate::kernel::{Case, CaseBinding};
use crate::kernels::directory_find::cases::filled;
use crate::kernels::feature::NONE;
use crate::kernels::jagged_inputs::unwritten;

pub(crate) fn cases() -> Vec<Case> {
    let mut all = Vec::new();
    for (name, known, left, new, len, buckets, capacity) in [
        ("one", 0u32, 0u32, 1u32, 1u32, 2u32, 2u32),
        ("none", 5, 0, 0, 40, 53, 47),
        ("some", 5, 0, 20, 40, 1009, 900),
        ("some again", 9, 6, 20, 40, 1009, 900),
        ("more than rows", 40, 3, 20, 20, 1009, 45),
        ("large", 1000, 500, 50_000, 60_000, 1_000_003, 900_000),
    ] {
        let ids = apart(known + new, buckets);
        let (known_ids, new_ids) = ids.split_at(known as usize);
        let mut listed = new_ids.to_vec();
        listed.resize(len as usize, NONE);
        let bindings = Bindings {
            new_ids: CaseBinding::ints(&listed),
            total: CaseBinding::ints(&[new]),
            counts: CaseBinding::ints(&[known, left, 3]),
            left: CaseBinding::ints(&(0..left.max(1)).map(|i| known - left + i).collect::<Vec<u32>>()),
            places: CaseBinding::ints(&filled(known_ids, buckets)),
            row_ids: unwritten(capacity),
            new_rows: unwritten(2 * len),
        };
        let params = Params { len, buckets, capacity };
        let case = Case::new(name, [0], &params, bindings, len.div_ceil(256));
        all.push(if name == "large" { case.bench(u64::from(new) * 24, 0) } else { case });
    }
    all
}

/// So many ids in ascending order of which no two begin in one bucket: what places they take does not depend
/// on who comes first.
pub(crate) fn apart(ids: u32, buckets: u32) -> Vec<u32> {
    assert!(ids < buckets);
    let step = u32::MAX / (ids + 1);
    (1..=ids).map(|i| i * step).collect()
}
