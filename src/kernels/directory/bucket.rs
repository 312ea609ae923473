//! Twin of `prelude/directory.wgsl`, `prelude/directory_insert.wgsl` and `prelude/sketch.wgsl`.

use crate::cpu::random::mix;
use crate::kernels::feature::NONE;
use crate::numbers::narrow;

/// Places of a bucket.
pub(crate) const PLACES: usize = 8;

/// Virtual ids, 0 where a place is free, and their rows; the places fill in order.
pub(crate) type Bucket = [[u32; PLACES]; 2];

/// Buckets that a search probes.
pub(crate) const PROBES: u32 = 512;

/// The virtual id of a raw one, of two words.
#[inline(always)]
pub(crate) fn virtual_id([low, high]: [u32; 2]) -> u32 {
    mix(mix(low) ^ high).clamp(1, NONE - 1)
}

/// The upper word of a product: a number below `n`, which ascends with `id`.
#[inline(always)]
fn scaled(id: u32, n: u32) -> u32 {
    // less than `n`
    ((u64::from(id) * u64::from(n)) >> 32) as u32
}

/// The bucket that a virtual id begins in, from the first to the last as ids ascend.
#[inline(always)]
pub(crate) fn first_bucket(id: u32, buckets: u32) -> u32 {
    scaled(id, buckets)
}

/// The bucket that is probed after another one.
#[inline(always)]
pub(crate) fn next_bucket(bucket: u32, id: u32, buckets: u32) -> u32 {
    let step = 1 + scaled(mix(id), buckets - 1);
    if bucket >= buckets - step { bucket - (buckets - step) } else { bucket + step }
}

/// The row of a virtual id in a bucket, or [`NONE`].
#[inline(always)]
pub(crate) fn row_in([ids, rows]: &Bucket, id: u32) -> u32 {
    // all places together, and without a jump, which could not be foreseen: one of them at most holds the id
    !ids.iter().zip(rows).fold(0, |found, (&there, &row)| found | if there == id { !row } else { 0 })
}

/// Whether ids may have gone on from a bucket.
#[inline(always)]
pub(crate) fn is_full([ids, _]: &Bucket) -> bool {
    ids[PLACES - 1] != 0
}

/// Puts an id that is not there into the directory.
pub(crate) fn insert(directory: &mut [Bucket], id: u32, row: u32) {
    let buckets = narrow(directory.len());
    let mut bucket = first_bucket(id, buckets);
    for _ in 0..PROBES.min(buckets) {
        let [ids, rows] = &mut directory[bucket as usize];
        if let Some(place) = ids.iter().position(|&there| there == 0) {
            (ids[place], rows[place]) = (id, row);
            return;
        }
        bucket = next_bucket(bucket, id, buckets);
    }
}

/// The counters of an id in a sketch whose halves have `width` of them.
#[inline(always)]
pub(crate) fn counters_of(id: u32, width: u32) -> [usize; 2] {
    let counter = |half: u32| half * width + mix(id.wrapping_add(half.wrapping_mul(0x9e37_79b9))) % width;
    [counter(0) as usize, counter(1) as usize]
}
