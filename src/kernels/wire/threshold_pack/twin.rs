//! Twin of `threshold_pack.wgsl`.

use half::f16;

use crate::cpu::parallel;
use crate::kernels::threshold_count::twin::{SIZE, is_sent};
use crate::kernels::threshold_pack::{Params, View};
use crate::numbers::narrow;

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
        let sent = (before..).zip(values).filter(|(_, value)| is_sent(value.to_bits() & SIZE, threshold));
        for ((place, value), (index, packed)) in sent.zip(indices.iter_mut().zip(packed)) {
            let arrives = arriving(*value, &p);
            (*index, *packed) = (place, arrives);
            *value -= arrives;
        }
    });
}
