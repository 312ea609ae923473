//! Twin of `bucket_offsets.wgsl`.

use crate::cpu::parallel;
use crate::kernels::bucket_offsets::View;
use crate::kernels::feature::NONE;
use crate::numbers::narrow;

/// Segments of a bucket that one task takes.
const SEGMENTS: usize = 1024;

pub(crate) fn run(call: View<'_>) {
    let p = call.params;
    let refused = call.status.refused();
    let offsets = call.offsets;
    let (keys, positions) = (&call.keys[..p.len as usize], call.positions);
    let out = &mut call.out[..=(p.segments * p.buckets) as usize];
    if refused {
        // what is made of refused segments is refused too
        out.fill(NONE);
        return;
    }
    // where each bucket's values begin, and the end
    let begins: Vec<usize> =
        (0..=p.buckets).map(|bucket| keys.partition_point(|&key| key < bucket)).collect();
    let segments = p.segments as usize;
    parallel::pieces(out, SEGMENTS, &|task, out| {
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
