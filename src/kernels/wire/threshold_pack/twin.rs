//! Twin of `threshold_pack.wgsl`.

use half::f16;

use crate::cpu::parallel;
use crate::cpu::simd::vectorised;
use crate::kernels::threshold_count::twin::{SIZE, is_sent};
use crate::kernels::threshold_pack::{Params, View};
use crate::numbers::narrow;

/// Values that are looked at together, a bit each: with one in a hundred that is sent, most blocks have none.
const BLOCK: usize = 32;

/// What arrives of a value.
fn arriving(value: f32, p: &Params) -> f32 {
    if p.half == 0 {
        return value;
    }
    let scaled = f16::from_f32(value * p.scale);
    let finite = if scaled.is_infinite() { f16::MAX.copysign(scaled) } else { scaled };
    finite.to_f32() * p.inverse
}

pub(crate) fn run(call: View<'_>) {
    let p = call.params;
    let (first, tiles, len) = (p.first as usize, p.tiles as usize, p.tile as usize);
    let (segments, thresholds, offsets) = (call.segments, call.thresholds, call.offsets);
    let begin = offsets[first] as usize;
    let mut indices = &mut call.indices[begin..];
    let mut packed = &mut call.packed[begin..];
    let mut work = Vec::with_capacity(tiles);
    let values = &mut call.values[first * len..][..tiles * len];
    for (tile, values) in (first..).zip(values.chunks_mut(len)) {
        // the last tile of all takes what is left
        let count = match offsets.get(tile + 1) {
            Some(end) if tile + 1 < first + tiles => (end - offsets[tile]) as usize,
            _ => indices.len(),
        };
        let (own, later) = indices.split_at_mut(count);
        let (own_packed, later_packed) = packed.split_at_mut(count);
        (indices, packed) = (later, later_packed);
        work.push((tile, values, own, own_packed));
    }
    parallel::each(work.into_iter(), &|(tile, values, indices, packed)| {
        let threshold = thresholds[segments[tile] as usize];
        let before = narrow(tile - first) * p.tile;
        vectorised(
            #[inline(always)]
            || {
                let mut slots = indices.iter_mut().zip(packed);
                for (block, values) in (0..).zip(values.chunks_mut(BLOCK)) {
                    let mut sent = which_are_sent(values, threshold);
                    while sent != 0 {
                        let at = sent.trailing_zeros();
                        sent &= sent - 1;
                        let Some((index, packed)) = slots.next() else { return };
                        let value = &mut values[at as usize];
                        let arrives = arriving(*value, &p);
                        (*index, *packed) = (before + block * narrow(BLOCK) + at, arrives);
                        *value -= arrives;
                    }
                }
            },
        );
    });
}

/// Which values of a block are sent, a bit each.
#[inline(always)]
fn which_are_sent(values: &[f32], threshold: u32) -> u32 {
    let bits =
        values.iter().zip(0..).map(|(value, at)| u32::from(is_sent(value.to_bits() & SIZE, threshold)) << at);
    bits.fold(0, |all, bit| all | bit)
}
