//! Twin of `chunk_forward.wgsl`.

use crate::cpu::columns::Columns;
use crate::cpu::format::{Format, with_format};
use crate::cpu::parallel;
use crate::cpu::simd::{Cache, prefetch, vectorised};
use crate::kernels::chunk_forward::{ChunkFeature, Params, View};
use crate::kernels::feature::{PADDED, POOL_MEAN, POOL_NONE};
use crate::numbers::narrow;

/// Rows of the output that one task takes.
const ROWS: usize = 64;
/// Ids whose chunks are looked up together, and are on their way while those of the ids before them are
/// summed.
const GROUP: usize = 32;
/// How many ids ahead chunks are asked from the second cache into the first one.
const NEAR: usize = 14;

pub(crate) fn run(call: View<'_>) {
    with_format!(call.params.store_type, format => with_store(call, format));
}

fn with_store<F: Format>(call: View<'_>, format: F) {
    let params = call.params;
    if call.status.refused() || params.bags == 0 {
        return;
    }
    let features = &call.features[..params.features as usize];
    let (offsets, rows, slots) = (call.offsets, call.rows, call.slots);
    let store = &bytemuck::cast_slice::<u32, F::Element>(call.store)[params.base as usize..]
        [..params.slots as usize * params.width as usize];
    let (Some(first), Some(last)) = (features.first(), features.last()) else { return };
    let (begin, stride) = (first.out_base, params.out_stride as usize);
    let columns = |f: &ChunkFeature| {
        let first = (f.out_base - begin) as usize;
        first..first + (f.chunks * params.width) as usize
    };
    let len = (params.bags as usize - 1) * stride + columns(last).end;
    let out = &mut call.out[begin as usize..][..len];
    // a thread takes all bags of a feature if it can: the table's frequent rows are then in one cache only
    let (rows, weights) = match params.weights {
        0 => (rows, None),
        begin => {
            let (rows, weights) = rows.split_at(begin as usize);
            (rows, Some(bytemuck::cast_slice::<u32, f32>(weights)))
        }
    };
    let tasks = Columns::split(out, stride, features.iter().map(columns))
        .into_iter()
        .zip(features)
        .flat_map(|(all, feature)| all.chunks(ROWS).map(move |(first, out)| (feature, first, out)));
    parallel::each(tasks, &|(&feature, first, out)| {
        let slots = &slots[feature.slots_base as usize..];
        let inputs = Inputs { params, feature, rows, weights, slots, store, format };
        let first = feature.first_bag as usize + first;
        let one_by_one: Vec<u32>;
        let bags = if feature.pooling == POOL_NONE {
            // they are positions, counted by a `u32`
            one_by_one = (narrow(first)..=narrow(first + out.rows())).collect();
            &one_by_one
        } else {
            &offsets[first..][..=out.rows()]
        };
        vectorised(
            #[inline(always)]
            || match params.width {
                4 => pool::<F, 4, 16, 64>(&inputs, bags, out),
                8 => pool::<F, 8, 8, 64>(&inputs, bags, out),
                16 => pool::<F, 16, 4, 64>(&inputs, bags, out),
                _ => pool::<F, 32, 2, 64>(&inputs, bags, out),
            },
        );
    });
}

/// Pools bags in blocks of `K` chunks of `W` columns, which are `N` columns and fit registers, and then chunk
/// by chunk.
#[inline(always)]
fn pool<F: Format, const W: usize, const K: usize, const N: usize>(
    inputs: &Inputs<'_, F>,
    bags: &[u32],
    mut out: Columns<'_, f32>,
) {
    let chunks = inputs.feature.chunks as usize;
    let blocks = chunks - chunks % K;
    for first in (0..blocks).step_by(K) {
        // what the first ids are, the others are mostly too; to keep more than four places of each costs more
        // than jumps
        let begin = bags[0] as usize;
        let apart = |&row| inputs.slots::<K>(row, first).is_some_and(|slots| !side_by_side(slots));
        if K <= 4 && inputs.rows[begin..].iter().take(GROUP).any(apart) {
            pool_block::<F, W, K, N, [&[F::Element; W]; K]>(inputs, bags, first, &mut out);
        } else {
            pool_block::<F, W, K, N, usize>(inputs, bags, first, &mut out);
        }
    }
    for first in blocks..chunks {
        pool_block::<F, W, 1, W, usize>(inputs, bags, first, &mut out);
    }
}

/// Pools `K` chunks of each bag.
#[inline(always)]
fn pool_block<'a, F: Format, const W: usize, const K: usize, const N: usize, C: Chunks<'a, F, W, K, N>>(
    &inputs: &Inputs<'a, F>,
    bags: &[u32],
    first: usize,
    out: &mut Columns<'_, f32>,
) {
    // a copy of our own, whose fields stay in registers while rows are written
    let inputs = &inputs;
    let rows = &inputs.rows[bags[0] as usize..];
    let mut weights = inputs.weights.map(|weights| &weights[bags[0] as usize..]);
    // the chunks of a group of ids, across the ends of bags, and of the group after it
    let mut chunks = [C::none(inputs); 2 * GROUP];
    inputs.find_group::<W, K, N, C>(rows, first, &mut chunks[GROUP..]);
    let mut rest = rows;
    let mut left = 0;
    for (row, bag) in bags.windows(2).enumerate() {
        let len = bag[1] - bag[0];
        let mut more = len as usize;
        let mut sum = [0.0f32; N];
        let ids = &rest[..more];
        while more > 0 {
            if left == 0 {
                chunks.copy_within(GROUP.., 0);
                let next = rest.get(GROUP..).unwrap_or(&[]);
                inputs.find_group::<W, K, N, C>(next, first, &mut chunks[GROUP..]);
                left = GROUP;
            }
            let count = left.min(more);
            let ahead = &chunks[GROUP - left..];
            let group = ahead.iter().zip(&ahead[NEAR..]).zip(rest).take(count);
            // sums stay in registers
            match &mut weights {
                None => {
                    for ((chunks, near), &row) in group {
                        add(&mut sum, &chunks.values(inputs, row, first));
                        near.ask_nearer(inputs);
                    }
                }
                Some(weights) => {
                    for (((chunks, near), &row), weight) in group.zip(*weights) {
                        add(&mut sum, &chunks.values(inputs, row, first).map(|value| value * weight));
                        near.ask_nearer(inputs);
                    }
                    *weights = &weights[count..];
                }
            }
            rest = &rest[count..];
            (left, more) = (left - count, more - count);
        }
        if inputs.feature.pooling == POOL_MEAN {
            let padded = ids.iter().map(|&row| u32::from(row == PADDED)).sum::<u32>();
            let divisor = (len - padded).max(1) as f32;
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

#[derive(Clone, Copy)]
struct Inputs<'a, F: Format> {
    params: Params,
    feature: ChunkFeature,
    rows: &'a [u32],
    weights: Option<&'a [f32]>,
    /// Of the feature's table on.
    slots: &'a [u32],
    /// The slots of the window.
    store: &'a [F::Element],
    format: F,
}

/// Whether chunks have slots one after the other, in their order.
#[inline(always)]
fn side_by_side<const K: usize>(slots: &[u32; K]) -> bool {
    let mut in_order = *slots;
    (0..).zip(&mut in_order).for_each(|(i, slot)| *slot = slots[0].wrapping_add(i));
    // compared together, without a jump for each
    *slots == in_order
}

/// Where `K` chunks of `W` columns of an id are.
trait Chunks<'a, F: Format, const W: usize, const K: usize, const N: usize>: Copy {
    /// Nowhere.
    fn none(inputs: &Inputs<'a, F>) -> Self;

    /// Looks the chunks of a row up and asks them into the second cache.
    fn find(inputs: &Inputs<'a, F>, row: u32, first: usize) -> Self;

    /// Asks them into the first one.
    fn ask_nearer(self, inputs: &Inputs<'a, F>);

    /// Their values, and zeros where they are absent or not in this window.
    fn values(self, inputs: &Inputs<'a, F>, row: u32, first: usize) -> [f32; N];
}

/// Where they begin if they lie side by side in this window, or else the window's end: for rows that mostly
/// do.
impl<'a, F: Format, const W: usize, const K: usize, const N: usize> Chunks<'a, F, W, K, N> for usize {
    #[inline(always)]
    fn none(inputs: &Inputs<'a, F>) -> Self {
        inputs.store.len()
    }

    #[inline(always)]
    fn find(inputs: &Inputs<'a, F>, row: u32, first: usize) -> Self {
        let Some(slots) = inputs.slots::<K>(row, first) else { return inputs.store.len() };
        if side_by_side(slots) {
            let begin = inputs.place::<W>(slots[0]);
            prefetch(inputs.store, begin, N, Cache::Second);
            return begin;
        }
        for &slot in slots {
            prefetch(inputs.store, inputs.place::<W>(slot), W, Cache::Second);
        }
        inputs.store.len()
    }

    #[inline(always)]
    fn ask_nearer(self, inputs: &Inputs<'a, F>) {
        prefetch(inputs.store, self, N, Cache::First);
    }

    #[inline(always)]
    fn values(self, inputs: &Inputs<'a, F>, row: u32, first: usize) -> [f32; N] {
        if let Some(values) = inputs.store.get(self..).and_then(|values| values.first_chunk()) {
            return inputs.format.values(values);
        }
        let mut values = [0.0; N];
        let Some(slots) = inputs.slots::<K>(row, first) else { return values };
        for (values, &slot) in values.as_chunks_mut::<W>().0.iter_mut().zip(slots) {
            *values = inputs.format.values(inputs.chunk(slot));
        }
        values
    }
}

/// Each of them: for rows of which some do not lie side by side, without a branch, which could not be
/// predicted.
impl<'a, F: Format, const W: usize, const K: usize, const N: usize> Chunks<'a, F, W, K, N>
    for [&'a [F::Element; W]; K]
{
    #[inline(always)]
    fn none(_: &Inputs<'a, F>) -> Self {
        [F::zeros(); K]
    }

    #[inline(always)]
    fn find(inputs: &Inputs<'a, F>, row: u32, first: usize) -> Self {
        let mut chunks = [F::zeros(); K];
        if let Some(slots) = inputs.slots::<K>(row, first) {
            for (chunk, &slot) in chunks.iter_mut().zip(slots) {
                *chunk = inputs.chunk(slot);
                prefetch(*chunk, 0, W, Cache::Second);
            }
        }
        chunks
    }

    #[inline(always)]
    fn ask_nearer(self, _: &Inputs<'a, F>) {
        for chunk in self {
            prefetch(chunk, 0, W, Cache::First);
        }
    }

    #[inline(always)]
    fn values(self, inputs: &Inputs<'a, F>, _: u32, _: usize) -> [f32; N] {
        let mut values = [0.0; N];
        for (values, chunk) in values.as_chunks_mut::<W>().0.iter_mut().zip(self) {
            *values = inputs.format.values(chunk);
        }
        values
    }
}

impl<'a, F: Format> Inputs<'a, F> {
    /// Looks up the chunks of the first group of `rows`, and asks for the slots of the second.
    #[inline(always)]
    fn find_group<const W: usize, const K: usize, const N: usize, C: Chunks<'a, F, W, K, N>>(
        &self,
        rows: &[u32],
        first: usize,
        group: &mut [C],
    ) {
        for &row in rows.get(GROUP..rows.len().min(2 * GROUP)).unwrap_or(&[]) {
            prefetch(self.slots, self.first_slot(row, first), K, Cache::Second);
        }
        for (chunks, &row) in group.iter_mut().zip(rows) {
            *chunks = C::find(self, row, first);
        }
    }

    /// A chunk, or zeros if it is absent or not in this window.
    #[inline(always)]
    fn chunk<const W: usize>(&self, slot: u32) -> &'a [F::Element; W] {
        // what is absent, or before the window, lies beyond it
        let slot = slot.wrapping_sub(self.params.first_slot) as usize;
        self.store.as_chunks().0.get(slot).unwrap_or(F::zeros())
    }

    /// Where a chunk begins in this window, or the window's end: for what is absent too, and what lies before
    /// the window.
    #[inline(always)]
    fn place<const W: usize>(&self, slot: u32) -> usize {
        slot.wrapping_sub(self.params.first_slot).min(self.params.slots) as usize * W
    }

    /// The slots of `K` chunks of a row, if it is one.
    #[inline(always)]
    fn slots<const K: usize>(&self, row: u32, first: usize) -> Option<&'a [u32; K]> {
        self.slots.get(self.first_slot(row, first)..)?.first_chunk()
    }

    /// Where the slots of a row's chunks begin, beyond all if it is none: there are fewer than 2^32 in all.
    #[inline(always)]
    fn first_slot(&self, row: u32, first: usize) -> usize {
        let at = u64::from(row) * u64::from(self.feature.chunks) + first as u64;
        usize::try_from(at).unwrap_or(usize::MAX)
    }
}
