//! Twin of `bucket_offsets.wgsl`.

use rayon::prelude::*;

use crate::kernel::Call;
use crate::kernels::bucket_offsets::Params;
use crate::kernels::feature::{NONE, Status};
use crate::numbers::narrow;

/// Segments of a bucket that one task takes.
const SEGMENTS: usize = 1024;

pub(crate) fn run(mut call: Call<'_>) {
    let p: Params = call.params();
    let refused = call.read::<Status>(0)[0].refused();
    let offsets = call.read::<u32>(1);
    let (keys, positions) = (&call.read::<u32>(2)[..p.len as usize], call.read::<u32>(3));
    let out = &mut call.write::<u32>(4)[..=(p.segments * p.buckets) as usize];
    if refused {
        // what is made of refused segments is refused too
        out.fill(NONE);
        return;
    }
    // where each bucket's values begin, and the end
    let begins: Vec<usize> =
        (0..=p.buckets).map(|bucket| keys.partition_point(|&key| key < bucket)).collect();
    let segments = p.segments as usize;
    out.par_chunks_mut(SEGMENTS).enumerate().for_each(|(task, out)| {
        for (place, out) in (task * SEGMENTS..).zip(out) {
            let (bucket, begin) = (place / segments, offsets[place % segments]);
            let end = begins.get(bucket + 1).copied().unwrap_or(keys.len());
            let bucket = begins[bucket]..end;
            let before = bucket.start + positions[bucket].partition_point(|&position| position < begin);
            // there are fewer values than a `u32` can count
            *out = narrow(before);
        }
    });
}
