//! Twin of `threshold_count.wgsl`.

use rayon::prelude::*;

use crate::cpu::simd::vectorised;
use crate::kernels::threshold_count::View;

/// The size of a float, as bits.
pub(crate) const SIZE: u32 = 0x7fff_ffff;

/// Tiles that one task takes at least.
pub(crate) const LEAST: usize = 32;

/// Whether a value of this size is sent.
#[inline(always)]
pub(crate) fn is_sent(size: u32, threshold: u32) -> bool {
    size >= threshold && size != 0
}

pub(crate) fn run(call: View<'_>) {
    let tiles = call.params.tiles as usize;
    let (segments, thresholds) = (call.segments, call.thresholds);
    let values =
        call.values.par_chunks(call.params.tile as usize).with_min_len(LEAST).zip(&segments[..tiles]);
    let found = call.counts.par_iter_mut().zip(call.sizes);
    values.zip(found).for_each(|((tile, &segment), (count, size))| {
        let threshold = thresholds[segment as usize];
        (*count, *size) = vectorised(
            #[inline(always)]
            || {
                tile.iter().fold((0, 0), |(count, largest), bits| {
                    let size = bits & SIZE;
                    (count + u32::from(is_sent(size, threshold)), largest.max(size))
                })
            },
        );
    });
}
