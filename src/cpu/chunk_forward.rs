//! Twin of `chunk_forward.wgsl`.

use rayon::prelude::*;

use super::columns::Columns;
use super::simd::{prefetch, vectorised};
use crate::kernel::Call;
use crate::kernels::chunk_forward::{ChunkFeature, Params};
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
        let inputs = Inputs { params, feature, rows, slots: &slots[feature.slots_base as usize..], store };
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
        if inputs.feature.mean == 1 {
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
    feature: ChunkFeature,
    rows: &'a [u32],
    /// Of the feature's table on.
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
        self.slots
            .get(row.saturating_mul(self.feature.chunks as usize).saturating_add(first)..)?
            .first_chunk()
    }
}
