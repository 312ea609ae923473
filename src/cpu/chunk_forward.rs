//! Twin of `chunk_forward.wgsl`.

use rayon::prelude::*;

use super::columns::Columns;
use super::simd::{Cache, prefetch, vectorised};
use crate::kernel::Call;
use crate::kernels::chunk_forward::{ChunkFeature, Params};
use crate::kernels::feature::{NONE, Status};

/// Rows of the output that one task takes.
const ROWS: usize = 64;
/// How many ids ahead the slots of a row are asked for, its chunks are looked up and asked into the second cache, and those
/// that lie side by side into the first one.
const SLOTS: usize = 72;
const FAR: usize = 32;
const NEAR: usize = 14;

pub(crate) fn run(mut call: Call<'_>) {
    let params: Params = call.params();
    if call.read::<Status>(0)[0].refused() || params.bags == 0 {
        return;
    }
    let features = &call.read::<ChunkFeature>(1)[..params.features as usize];
    let (offsets, rows, slots) = (call.read::<u32>(2), call.read(3), call.read::<u32>(4));
    let store = &call.read::<f32>(5)[params.base as usize..][..params.slots as usize * params.width as usize];
    let (Some(first), Some(last)) = (features.first(), features.last()) else { return };
    let (begin, stride) = (first.out_base, params.out_stride as usize);
    let columns = |f: &ChunkFeature| {
        let first = (f.out_base - begin) as usize;
        first..first + (f.chunks * params.width) as usize
    };
    let len = (params.bags as usize - 1) * stride + columns(last).end;
    let out = &mut call.write::<f32>(6)[begin as usize..][..len];
    // a thread takes all bags of a feature if it can: the table's frequent rows are then in one cache only
    let tasks: Vec<_> = Columns::split(out, stride, features.iter().map(columns))
        .into_iter()
        .zip(features)
        .flat_map(|(all, feature)| all.chunks(ROWS).map(move |(first, out)| (feature, first, out)))
        .collect();
    tasks.into_par_iter().for_each(|(&feature, first, out)| {
        let slots = &slots[feature.slots_base as usize..];
        // rows that are none count as this one, which lies behind all slots
        let none = u32::try_from(slots.len().div_ceil(feature.chunks as usize)).unwrap_or(u32::MAX);
        let inputs = Inputs { params, feature, rows, slots, store, none };
        let bags = &offsets[feature.first_bag as usize + first..][..=out.rows()];
        vectorised(
            #[inline(always)]
            || match params.width {
                4 => pool::<4, 16, 64>(&inputs, bags, out),
                8 => pool::<8, 8, 64>(&inputs, bags, out),
                16 => pool::<16, 4, 64>(&inputs, bags, out),
                _ => pool::<32, 2, 64>(&inputs, bags, out),
            },
        );
    });
}

/// Pools bags in blocks of `K` chunks of `W` columns, which are `N` columns and fit registers, and then chunk by chunk.
#[inline(always)]
fn pool<const W: usize, const K: usize, const N: usize>(
    inputs: &Inputs<'_>,
    bags: &[u32],
    mut out: Columns<'_, f32>,
) {
    let chunks = inputs.feature.chunks as usize;
    let blocks = chunks - chunks % K;
    for first in (0..blocks).step_by(K) {
        pool_block::<W, K, N>(inputs, bags, first, &mut out);
    }
    for first in blocks..chunks {
        pool_block::<W, 1, W>(inputs, bags, first, &mut out);
    }
}

/// Pools `K` chunks of each bag.
#[inline(always)]
fn pool_block<const W: usize, const K: usize, const N: usize>(
    inputs: &Inputs<'_>,
    bags: &[u32],
    first: usize,
    out: &mut Columns<'_, f32>,
) {
    let begin = bags[0] as usize;
    let mut taken = 0;
    // where the chunks of the next ids begin, across the ends of bags: they are on their way
    let mut next: [usize; FAR] = std::array::from_fn(|i| inputs.ask_for::<W, K>(begin + i, first));
    for (row, bag) in bags.windows(2).enumerate() {
        let len = bag[1] - bag[0];
        let mut sum = [0.0f32; N];
        for _ in 0..len {
            let at = next[taken % FAR];
            // sums stay in registers
            let values = match inputs.store.get(at..at + N).and_then(|values| values.as_array()) {
                Some(values) => *values,
                None => inputs.pieces::<W, K, N>(begin + taken, first),
            };
            add(&mut sum, &values);
            prefetch(inputs.store, next[(taken + NEAR) % FAR], N, Cache::First);
            next[taken % FAR] = inputs.ask_for::<W, K>(begin + taken + FAR, first);
            taken += 1;
        }
        if inputs.feature.mean == 1 {
            let divisor = len.max(1) as f32;
            sum.iter_mut().for_each(|sum| *sum /= divisor);
        }
        let out = &mut out.row(row)[first * W..][..N];
        if inputs.params.initial == 0 {
            add(&mut sum, out);
        }
        out.copy_from_slice(&sum);
    }
}

#[inline(always)]
fn add(sum: &mut [f32], values: &[f32]) {
    for (sum, value) in sum.iter_mut().zip(values) {
        *sum += value;
    }
}

struct Inputs<'a> {
    params: Params,
    feature: ChunkFeature,
    rows: &'a [u32],
    /// Of the feature's table on.
    slots: &'a [u32],
    /// The slots of the window.
    store: &'a [f32],
    /// A row behind all slots.
    none: u32,
}

impl Inputs<'_> {
    /// Where `K` chunks of an id begin if they lie side by side in this window, which most do, or else the window's end;
    /// they are asked for. So are the slots of an id that comes later.
    #[inline(always)]
    fn ask_for<const W: usize, const K: usize>(&self, id: usize, first: usize) -> usize {
        prefetch(self.slots, self.first_slot(id + SLOTS - FAR, first), K, Cache::Second);
        let Some(slots) = self.slots::<K>(id, first) else { return self.store.len() };
        // compared together, without a jump for each
        let apart = (0..).zip(slots).fold(0, |apart, (i, slot)| apart | (slot ^ slots[0].wrapping_add(i)));
        let begin = self.place::<W>(slots[0]);
        if apart == 0 {
            prefetch(self.store, begin, W * K, Cache::Second);
            return begin;
        }
        for &slot in slots {
            prefetch(self.store, self.place::<W>(slot), W, Cache::Second);
        }
        self.store.len()
    }

    /// The chunks of an id, and zeros where they are absent or not in this window.
    #[inline(always)]
    fn pieces<const W: usize, const K: usize, const N: usize>(&self, id: usize, first: usize) -> [f32; N] {
        let mut values = [0.0; N];
        for (values, &slot) in
            values.chunks_exact_mut(W).zip(self.slots::<K>(id, first).into_iter().flatten())
        {
            let begin = self.place::<W>(slot);
            if let Some(chunk) = self.store.get(begin..begin + W) {
                values.copy_from_slice(chunk);
            }
        }
        values
    }

    /// Where a chunk begins in this window, or the window's end: for what is absent too, and what lies before the window.
    #[inline(always)]
    fn place<const W: usize>(&self, slot: u32) -> usize {
        slot.wrapping_sub(self.params.first_slot).min(self.params.slots) as usize * W
    }

    /// The slots of `K` chunks of an id's row, if it has one.
    #[inline(always)]
    fn slots<const K: usize>(&self, id: usize, first: usize) -> Option<&[u32; K]> {
        let at = self.first_slot(id, first);
        self.slots.get(at..at + K)?.as_array()
    }

    /// Where the slots of an id's chunks begin, beyond all if it has no row.
    #[inline(always)]
    fn first_slot(&self, id: usize, first: usize) -> usize {
        let row = self.rows.get(id).copied().unwrap_or(NONE).min(self.none);
        row as usize * self.feature.chunks as usize + first
    }
}
