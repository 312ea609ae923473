//! Twin of `prelude/directory.wgsl`, `prelude/directory_insert.wgsl` and `prelude/sketch.wgsl`.

use super::init_rows::mix;
use crate::kernels::feature::NONE;

/// Places of a bucket.
pub(crate) const PLACES: usize = 8;

/// Virtual ids, 0 where a place is free, and their rows; the places fill in order.
pub(crate) type Bucket = [[u32; PLACES]; 2];

/// Buckets that are looked at.
const PROBES: u32 = 512;

/// The virtual id of a raw one, of two words.
#[inline(always)]
pub(crate) fn virtual_id([low, high]: [u32; 2]) -> u32 {
    mix(mix(low) ^ high).clamp(1, NONE - 1)
}

/// The first bucket of a virtual id.
#[inline(always)]
pub(crate) fn first_bucket(id: u32, buckets: u32) -> u32 {
    id % buckets
}

/// The buckets of a virtual id, in the order that they are looked at.
#[inline(always)]
pub(crate) fn probes(id: u32, buckets: u32) -> impl Iterator<Item = usize> {
    let next = move |&bucket: &u32| {
        let step = 1 + mix(id) % (buckets - 1);
        Some(if bucket >= buckets - step { bucket - (buckets - step) } else { bucket + step })
    };
    std::iter::successors(Some(first_bucket(id, buckets)), next)
        .take(PROBES.min(buckets) as usize)
        .map(|bucket| bucket as usize)
}

/// The row of a virtual id.
#[inline(always)]
pub(crate) fn find(directory: &[Bucket], id: u32) -> Option<u32> {
    // there are as many buckets as a `u32` counts
    let buckets = u32::try_from(directory.len()).unwrap_or(u32::MAX);
    for bucket in probes(id, buckets) {
        let [ids, rows] = &directory[bucket];
        // without a branch for each place
        let (mut found, mut row) = (false, 0);
        for (&there, &of) in ids.iter().zip(rows) {
            found |= there == id;
            row |= if there == id { of } else { 0 };
        }
        if found {
            return Some(row);
        }
        if ids[PLACES - 1] == 0 {
            break;
        }
    }
    None
}

/// Puts an id that is not there into the directory.
pub(crate) fn insert(directory: &mut [Bucket], id: u32, row: u32) {
    let buckets = u32::try_from(directory.len()).unwrap_or(u32::MAX);
    for bucket in probes(id, buckets) {
        let [ids, rows] = &mut directory[bucket];
        if let Some(place) = ids.iter().position(|&there| there == 0) {
            (ids[place], rows[place]) = (id, row);
            return;
        }
    }
}

/// The counters of an id in a sketch whose halves have `width` of them.
#[inline(always)]
pub(crate) fn counters_of(id: u32, width: u32) -> [usize; 2] {
    let counter = |half: u32| half * width + mix(id.wrapping_add(half.wrapping_mul(0x9e37_79b9))) % width;
    [counter(0) as usize, counter(1) as usize]
}
