//! Twin of `prelude/directory.wgsl`.

use super::init_rows::mix;
use crate::kernels::feature::NONE;

/// Places that are looked at.
const PROBES: u32 = 4096;

/// The virtual id of a raw one, of two words.
#[inline(always)]
pub(crate) fn virtual_id([low, high]: [u32; 2]) -> u32 {
    mix(mix(low) ^ high).min(NONE - 1)
}

/// The places of a virtual id, in the order that they are looked at.
#[inline(always)]
pub(crate) fn probes(id: u32, places: u32) -> impl Iterator<Item = usize> {
    let step = 1 + mix(id) % (places - 1);
    let next =
        move |&place: &u32| Some(if place >= places - step { place - (places - step) } else { place + step });
    std::iter::successors(Some(id % places), next)
        .take(PROBES.min(places) as usize)
        .map(|place| place as usize)
}
