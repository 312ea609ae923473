//! Twin of `chunk_forward.wgsl`.

use rayon::prelude::*;

use super::columns::Columns;
use super::simd::{prefetch, vectorised};
use crate::kernel::Call;
use crate::kernels::chunk_forward::Params;
use crate::kernels::feature::Status;

/// Rows of the output that one task takes.
const ROWS: usize = 64;
/// How many ids ahead the slots of a row are asked for, and its chunks are looked up and asked for.
const SLOTS_AHEAD: usize = 48;
const CHUNKS_AHEAD: usize = 16;

pub(crate) fn run(mut call: Call<'_>) {
    let params: Params = call.params();
    if call.read::<Status>(0)[0].refused() || params.bags == 0 {
        return;
    }
    let offsets = &call.read::<u32>(1)[params.first_bag as usize..];
    let (rows, slots, store) = (call.read(2), call.read(3), call.read::<f32>(4));
    let store = &store[params.base as usize..][..params.slots as usize * params.width as usize];
    let (dim, stride) = ((params.chunks * params.width) as usize, params.out_stride as usize);
    let len = (params.bags as usize - 1) * stride + dim;
    let out = &mut call.write::<f32>(5)[params.out_base as usize..][..len];
    let tasks: Vec<_> = Columns::split(out, stride, std::iter::once(0..dim))
        .into_iter()
        .flat_map(|all| all.chunks(ROWS))
        .collect();
    let inputs = Inputs { params, rows, slots, store };
    tasks.into_par_iter().for_each(|(first, out)| {
        let bags = &offsets[first..=first + out.rows()];
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
    let chunks = inputs.params.chunks as usize;
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
    // the chunks of the next ids, across the ends of bags: they are on their way
    let mut next: [_; CHUNKS_AHEAD] = std::array::from_fn(|i| inputs.chunks::<W, K>(begin + i, first));
    let mut taken = 0;
    for (row, bag) in bags.windows(2).enumerate() {
        let len = bag[1] - bag[0];
        let mut sum = [0.0f32; N];
        for _ in 0..len {
            let chunks = &mut next[taken % CHUNKS_AHEAD];
            // together first: sums stay in registers
            let mut values = [0.0f32; N];
            for (values, chunk) in values.as_chunks_mut::<W>().0.iter_mut().zip(&*chunks) {
                *values = **chunk;
            }
            for (sum, value) in sum.iter_mut().zip(values) {
                *sum += value;
            }
            *chunks = inputs.chunks(begin + taken + CHUNKS_AHEAD, first);
            taken += 1;
        }
        if inputs.params.mean == 1 {
            let divisor = len.max(1) as f32;
            sum.iter_mut().for_each(|sum| *sum /= divisor);
        }
        let out = &mut out.row(row)[first * W..][..N];
        if inputs.params.initial == 0 {
            for (sum, earlier) in sum.iter_mut().zip(&*out) {
                *sum += earlier;
            }
        }
        out.copy_from_slice(&sum);
    }
}

struct Inputs<'a> {
    params: Params,
    rows: &'a [u32],
    slots: &'a [u32],
    /// The slots of the window.
    store: &'a [f32],
}

impl<'a> Inputs<'a> {
    /// `K` chunks of an id, which are asked for, and zeros where they are absent or not in this window. Asks for the slots
    /// of an id that comes later.
    #[inline(always)]
    fn chunks<const W: usize, const K: usize>(&self, id: usize, first: usize) -> [&'a [f32; W]; K] {
        if let Some(later) = self.slots::<K>(id + SLOTS_AHEAD - CHUNKS_AHEAD, first) {
            prefetch(later);
        }
        let mut chunks = [const { &[0.0; W] }; K];
        if let Some(slots) = self.slots::<K>(id, first) {
            for (chunk, slot) in chunks.iter_mut().zip(slots) {
                // what is absent, or before the window, lies beyond it
                let slot = slot.wrapping_sub(self.params.first_slot) as usize;
                *chunk = self.store.as_chunks().0.get(slot).unwrap_or(*chunk);
                prefetch(*chunk);
            }
        }
        chunks
    }

    /// The slots of `K` chunks of an id's row, if it has one.
    #[inline(always)]
    fn slots<const K: usize>(&self, id: usize, first: usize) -> Option<&'a [u32; K]> {
        // what is no row lies beyond all slots
        let row = *self.rows.get(id)? as usize;
        self.slots.get(row.saturating_mul(self.params.chunks as usize).saturating_add(first)..)?.first_chunk()
    }
}
