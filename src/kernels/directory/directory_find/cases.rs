//! The cases of `directory_find`.

use super::*;
use crate::kernel::{Case, CaseBinding};
use crate::kernels::directory::bucket::{Bucket, insert, virtual_id};
use crate::kernels::feature::NONE;
use crate::kernels::jagged_inputs::unwritten;
use crate::kernels::random::Random;
use crate::numbers::narrow;
use std::collections::HashSet;

/// A directory of `buckets` buckets with these virtual ids, in rows of their order.
pub(crate) fn filled(ids: &[u32], buckets: u32) -> Vec<Bucket> {
    let mut filled = vec![Bucket::default(); buckets as usize];
    for (&id, row) in ids.iter().zip(0..) {
        insert(&mut filled, id, row);
    }
    filled
}

pub(crate) fn cases() -> Vec<Case> {
    let mut all = Vec::new();
    // raw ids that there are, of which a part is in a directory of a prime number of buckets
    for (len, there, known, buckets) in
        [(1u32, 1, 0, 2), (1, 1, 1, 2), (300, 60, 45, 7), (300, 60, 56, 7), (200_000, 90_000, 81_000, 11_257)]
    {
        let mut random = Random::new(91);
        let mut raw: Vec<[u32; 2]> = (0..there).map(|_| [random.below(u32::MAX), random.below(4)]).collect();
        raw[0] = [0x1234_5678, 0];
        // also where it has a row
        let padding = if known % 2 == 0 { 0x1234_5678 } else { NONE };
        let mut virtual_ids: Vec<u32> = raw.iter().map(|&id| virtual_id(id)).collect();
        // a directory has an id once, two raw ids may have the same
        let mut seen = HashSet::new();
        virtual_ids.retain(|&id| seen.insert(id));
        // behind a directory of two buckets
        let places =
            [filled(&virtual_ids[..known.min(3)], 2), filled(&virtual_ids[..known], buckets)].concat();
        // the first feature's ids, one that is passed over, and the second's
        let few = 2;
        let ids: Vec<[u32; 2]> = (0..3 + few + len).map(|_| raw[random.below(there) as usize]).collect();
        let features = [
            Sought { work_begin: 0, first: 2, buckets: 2, first_bucket: 0, padding: NONE },
            Sought { work_begin: few, first: 2 + few, buckets, first_bucket: 2, padding: NONE },
            Sought { work_begin: few, first: 3 + few, buckets, first_bucket: 2, padding },
        ];
        for features in [&features[..], &features[2..]] {
            let begin = features[0].work_begin;
            let features: Vec<Sought> =
                features.iter().map(|f| Sought { work_begin: f.work_begin - begin, ..*f }).collect();
            let work = len + few - begin;
            let bindings = Bindings {
                features: CaseBinding::ints(&features),
                places: CaseBinding::ints(&places),
                ids: CaseBinding::ints(&ids),
                rows: unwritten(3 + few + len),
                unknown: unwritten(1 + work),
                strangers: CaseBinding::ints(&[9u32, 7]),
            };
            // there are three at most
            let count = narrow(features.len());
            // the one that finds the feature can do so among one too
            let variants: &[usize] = if count == 1 { &[0, 1] } else { &[1] };
            for wanted in [0, 1] {
                let params = Params { features: count, work, wanted, first_unknown: 1, table: 1 };
                let name = format!(
                    "{count} features, {len} ids, {known} known, {buckets} buckets, unknown wanted: {wanted}"
                );
                let variants = variants.iter().copied();
                let case = Case::new(name, variants, &params, bindings.clone(), work.div_ceil(256));
                let bench = len == 200_000 && count == 1 && wanted == 0;
                all.push(if bench { case.bench(u64::from(len) * 76, 0) } else { case });
            }
        }
    }
    all
}
