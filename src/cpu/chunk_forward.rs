//! Twin of `chunk_forward.wgsl`.

use std::ops::Range;

use rayon::prelude::*;

use super::columns::Columns;
use super::simd::{prefetch, vectorised};
use crate::kernel::Call;
use crate::kernels::chunk_forward::Params;
use crate::kernels::feature::Status;

/// Rows of the output that one task takes.
const ROWS: usize = 64;
/// How many ids ahead the slots of a row are asked for, and its chunks.
const SLOTS_AHEAD: usize = 48;
const CHUNKS_AHEAD: usize = 16;

struct Inputs<'a> {
    params: Params,
    rows: &'a [u32],
    slots: &'a [u32],
    store: &'a [f32],
}

pub(crate) fn run(mut call: Call<'_>) {
    let params: Params = call.params();
    if call.read::<Status>(0)[0].refused() || params.bags == 0 {
        return;
    }
    let offsets = &call.read::<u32>(1)[params.first_bag as usize..];
    let inputs = Inputs { params, rows: call.read(2), slots: call.read(3), store: call.read(4) };
    let (dim, stride) = ((params.chunks * params.width) as usize, params.out_stride as usize);
    let len = (params.bags as usize - 1) * stride + dim;
    let out = &mut call.write::<f32>(5)[params.out_base as usize..][..len];
    let tasks: Vec<_> = Columns::split(out, stride, std::iter::once(0..dim))
        .into_iter()
        .flat_map(|all| all.chunks(ROWS))
        .collect();
    tasks.into_par_iter().for_each(|(first, mut out)| {
        vectorised(
            #[inline(always)]
            || {
                for row in 0..out.rows() {
                    let bag = offsets[first + row] as usize..offsets[first + row + 1] as usize;
                    let out = out.row(row);
                    match params.width {
                        4 => pool::<4>(&inputs, bag, out),
                        8 => pool::<8>(&inputs, bag, out),
                        16 => pool::<16>(&inputs, bag, out),
                        _ => pool::<32>(&inputs, bag, out),
                    }
                }
            },
        );
    });
}

/// Pools a bag in blocks of columns that fit registers, whole chunks of `W` columns in each.
#[inline(always)]
fn pool<const W: usize>(inputs: &Inputs<'_>, bag: Range<usize>, out: &mut [f32]) {
    let (blocks, tail) = out.as_chunks_mut::<64>();
    let mut first = 0;
    for block in blocks {
        pool_block::<64, W>(inputs, bag.clone(), first, block);
        first += 64 / W;
    }
    let (blocks, tail) = tail.as_chunks_mut::<32>();
    for block in blocks {
        pool_block::<32, W>(inputs, bag.clone(), first, block);
        first += 32 / W;
    }
    for chunk in tail.as_chunks_mut::<W>().0 {
        pool_block::<W, W>(inputs, bag.clone(), first, chunk);
        first += 1;
    }
}

#[inline(always)]
fn pool_block<const N: usize, const W: usize>(
    inputs: &Inputs<'_>,
    bag: Range<usize>,
    first: usize,
    out: &mut [f32; N],
) {
    let Inputs { params: p, rows, .. } = *inputs;
    let mut sum = [0.0f32; N];
    for i in bag.clone() {
        inputs.ask_for::<N, W>(i, first);
        let Some(slots) = inputs.slots_of::<N, W>(rows[i], first) else { continue };
        // what is absent is added as zeros, and all chunks together: sums stay in registers
        let mut values = [0.0f32; N];
        for (values, &slot) in values.as_chunks_mut::<W>().0.iter_mut().zip(slots) {
            if let Some(chunk) = inputs.chunk(slot) {
                *values = *chunk;
            }
        }
        for (sum, value) in sum.iter_mut().zip(values) {
            *sum += value;
        }
    }
    if p.mean == 1 {
        let divisor = bag.len().max(1) as f32;
        sum.iter_mut().for_each(|sum| *sum /= divisor);
    }
    if p.initial == 0 {
        for (sum, earlier) in sum.iter_mut().zip(&*out) {
            *sum += earlier;
        }
    }
    *out = sum;
}

impl Inputs<'_> {
    /// The slots of a block's chunks of a row, if it is one.
    #[inline(always)]
    fn slots_of<const N: usize, const W: usize>(&self, row: u32, first: usize) -> Option<&[u32]> {
        // what is no row lies beyond all slots
        let place = (row as usize).saturating_mul(self.params.chunks as usize).saturating_add(first);
        self.slots.get(place..place.saturating_add(N / W))
    }

    /// The values of a slot that lies in this window.
    #[inline(always)]
    fn chunk<const W: usize>(&self, slot: u32) -> Option<&[f32; W]> {
        let slot = slot.wrapping_sub(self.params.first_slot);
        if slot >= self.params.slots {
            return None;
        }
        self.store.get(self.params.base as usize + slot as usize * W..)?.first_chunk()
    }

    /// Asks for the slots of a row that comes later, and for the chunks of one that comes sooner.
    #[inline(always)]
    fn ask_for<const N: usize, const W: usize>(&self, i: usize, first: usize) {
        if let Some(&row) = self.rows.get(i + SLOTS_AHEAD) {
            prefetch(self.slots_of::<N, W>(row, first).unwrap_or_default());
        }
        let Some(&row) = self.rows.get(i + CHUNKS_AHEAD) else { return };
        for &slot in self.slots_of::<N, W>(row, first).unwrap_or_default() {
            if let Some(chunk) = self.chunk::<W>(slot) {
                prefetch(chunk);
            }
        }
    }
}
