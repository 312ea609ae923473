//! Twin of `row_update.wgsl`.

use std::ops::Range;

use rayon::prelude::*;

use super::optimizer::{Adagrad, RowOptimizer, RowwiseAdagrad, Sgd};
use super::simd::{prefetch, prefetch_at, vectorised};
use super::split::split_at_all;
use super::terms::row_grad;
use crate::kernel::Call;
use crate::kernels::part::{Part, Term};
use crate::kernels::row_update::{OPTIMIZERS, Params, VARIANTS};

struct Inputs<'a> {
    params: Params,
    parts: &'a [Part],
    keys: &'a [u32],
    terms: &'a [Term],
    grad: &'a [f32],
    /// Values of state for a row, and for an element.
    row_state: usize,
    element_state: usize,
}

impl Inputs<'_> {
    fn part(&self, key: u32) -> &Part {
        &self.parts[self.parts.partition_point(|part| part.key_first <= key).saturating_sub(1)]
    }

    /// Where a row begins in the window's weights and in its state.
    #[inline(always)]
    fn place(&self, part: &Part, key: u32) -> (usize, usize) {
        let (row, dim) = ((key - part.key_first) as usize, part.dim as usize);
        let stride = self.row_state + self.element_state * dim;
        (part.base as usize + row * dim, part.state_base as usize + row * stride)
    }
}

/// Sorted positions that one task takes, rounded to whole segments.
const POSITIONS: usize = 4096;

pub(crate) fn run(mut call: Call<'_>) {
    let params: Params = call.params();
    let optimizer = call.variant / VARIANTS;
    let (_, row_state, element_state) = OPTIMIZERS[optimizer];
    let inputs = Inputs {
        params,
        parts: &call.read::<Part>(0)[..params.parts as usize],
        keys: &call.read::<u32>(1)[..params.len as usize],
        terms: call.read(2),
        grad: call.read(3),
        row_state: row_state as usize,
        element_state: element_state as usize,
    };
    let (table, state) = (call.write::<f32>(5), call.write::<f32>(6));
    let begin = inputs.keys.partition_point(|&key| key < params.key_begin);
    let end = inputs.keys.partition_point(|&key| key < params.key_end);
    let cuts = cuts(inputs.keys, begin, end);

    // Rows ascend with their keys, in the weights and in the state: cut where each task's first row begins.
    let starts: Vec<_> = cuts
        .iter()
        .map(|range| inputs.place(inputs.part(inputs.keys[range.start]), inputs.keys[range.start]))
        .collect();
    let (table_len, state_len) = (table.len(), state.len());
    let tables = split_at_all(table, starts.iter().map(|s| s.0).chain([table_len]));
    let states = split_at_all(state, starts.iter().map(|s| s.1.min(state_len)).chain([state_len]));
    // the first piece lies before the first task
    let pieces = tables.into_iter().zip(states).skip(1);
    let tasks: Vec<_> = cuts.into_iter().zip(starts).zip(pieces).collect();
    tasks.into_par_iter().for_each(|((range, (base, state_base)), (table, state))| {
        let target = Target { table, base, state, state_base };
        match optimizer {
            0 => update_rows::<Sgd>(&inputs, range, target),
            1 => update_rows::<RowwiseAdagrad>(&inputs, range, target),
            _ => update_rows::<Adagrad>(&inputs, range, target),
        }
    });
}

/// Ranges of about [`POSITIONS`] positions that begin and end with a segment.
fn cuts(keys: &[u32], begin: usize, end: usize) -> Vec<Range<usize>> {
    let mut all = Vec::new();
    let mut at = begin;
    while at < end {
        let mut stop = (at + POSITIONS).min(end);
        while stop < end && keys[stop] == keys[stop - 1] {
            stop += 1;
        }
        all.push(at..stop);
        at = stop;
    }
    all
}

/// A piece of the weights and state, with the elements it begins at.
struct Target<'a> {
    table: &'a mut [f32],
    base: usize,
    state: &'a mut [f32],
    state_base: usize,
}

/// How many rows ahead rows and their state are asked for.
const AHEAD: usize = 4;

#[inline(always)]
fn update_rows<O: RowOptimizer>(inputs: &Inputs<'_>, range: Range<usize>, target: Target<'_>) {
    vectorised(
        #[inline(always)]
        || {
            let Target { table, base, state, state_base } = target;
            let p = &inputs.params;
            let (keys, terms) = (&inputs.keys[range.clone()], &inputs.terms[range]);
            let ends = segment_ends(keys);
            let widest = inputs.parts.iter().map(|part| part.dim as usize).max().unwrap_or(0);
            let mut gradient = vec![0.0f32; widest];
            let mut part = inputs.part(keys[0]);
            let mut begin = 0;
            for (segment, &end) in ends.iter().enumerate() {
                let key = keys[begin];
                if key - part.key_first >= part.rows {
                    part = inputs.part(key);
                }
                let dim = part.dim as usize;
                if let Some(&ahead) = ends.get(segment + AHEAD) {
                    let (row, row_state) = inputs.place(part, keys[ahead as usize - 1]);
                    if let Some(row) = table.get(row - base..row - base + dim) {
                        prefetch(row);
                    }
                    prefetch_at::<1>(state, row_state - state_base);
                }
                let gradient = &mut gradient[..dim];
                row_grad(terms, begin..end as usize, inputs.grad, gradient);
                begin = end as usize;
                let (row, row_state) = inputs.place(part, key);
                let row = &mut table[row - base..][..dim];
                if p.l2 != 0.0 {
                    for (g, w) in gradient.iter_mut().zip(&*row) {
                        *g += w * p.l2;
                    }
                }
                let stride = inputs.row_state + inputs.element_state * dim;
                let row_state =
                    if stride == 0 { &mut [][..] } else { &mut state[row_state - state_base..][..stride] };
                O::update(p, row, gradient, row_state);
            }
        },
    );
}

/// Where each run of equal keys ends. Without a branch for each key: how long runs are is not to be guessed.
#[inline(always)]
fn segment_ends(keys: &[u32]) -> Vec<u32> {
    let mut ends = vec![0; keys.len()];
    let mut segment = 0;
    // positions fit the `u32` that counts them
    for (end, pair) in (1u32..).zip(keys.windows(2)) {
        ends[segment] = end;
        segment += usize::from(pair[0] != pair[1]);
    }
    if let Some(last) = ends.get_mut(segment) {
        *last = u32::try_from(keys.len()).unwrap_or(u32::MAX);
    }
    ends.truncate(segment + 1);
    ends
}
