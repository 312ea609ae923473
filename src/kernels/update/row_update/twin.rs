//! Twin of `row_update.wgsl`.
//!
//! ```text
//! for each segment of equal sorted keys, a row:                  (1)
//!     g = sum of the row's terms, as a tree of pieces            (2)
//!     sums = norms or squares of g, if the optimizer or rules ask for them
//!     w, state = the optimizer's formula on w, state, g, sums    (3)
//!     the table's row = w, rounded to its type                   (4)
//! ```
//!
//! 1. A segment is one task's alone, so that a row has one writer and needs no lock: tasks are cut where
//!    segments end. Keys ascend as rows do, and so the weights and the state can be cut in the same places.
//! 2. Pieces of 32 terms are counted from the row's own first term: the sum has the same bits wherever the
//!    segment lies among others.
//! 3. All optimizers are compiled into one loop, a branch a row, and that loop for each kind of processor:
//!    function pointers would keep the compiler from vectorising them.
//! 4. Random rounding depends on seed, step, table, row and column alone, not on the task.

use std::ops::Range;

use crate::cpu::norm::{Norm, norm};
use crate::cpu::parallel;
use crate::cpu::random::mix;
use crate::cpu::simd::{Cache, prefetch, vectorised};
use crate::cpu::split::split_at_all;
use crate::cpu::types::{nearest, pack, stochastic, unpack};
use crate::kernel::elements::TYPE_F32;
use crate::kernels::part::{Part, find_part};
use crate::kernels::row_update::{Params, View, optimizer_of};
use crate::kernels::terms::{Terms, row_grad};
use crate::numbers::narrow;
use crate::optim::row::{Row, RowOptimizer, State};
use crate::optim::{OptimizerKernel, OptimizerKind, optimizers};

struct Inputs<'a> {
    params: Params,
    parts: &'a [Part],
    keys: &'a [u32],
    /// How often each key occurred, if its terms have been summed.
    counts: Option<&'a [u32]>,
    terms: Terms<'a>,
    kind: OptimizerKind,
    optimizer: OptimizerKernel,
}

impl Inputs<'_> {
    fn part(&self, key: u32) -> &Part {
        find_part(self.parts, key)
    }

    /// The words of the window's weights and of its state where a row begins.
    #[inline(always)]
    fn place(&self, part: &Part, key: u32) -> (usize, usize) {
        let row = (key - part.key_first) as usize;
        let element = part.base as usize + row * part.stride as usize;
        let word = if self.params.table_type == TYPE_F32 { element } else { element / 2 };
        (word, part.state_base as usize + row * part.state_stride as usize)
    }
}

/// Sorted positions that one task takes, rounded to whole segments.
const POSITIONS: usize = 4096;

pub(crate) fn run(call: View<'_>) {
    let params = call.params;
    let kind = optimizer_of(call.variant);
    let parts = &call.parts[..params.parts as usize];
    let (keys, behind) = call.keys.split_at(params.len as usize);
    let inputs = Inputs {
        params,
        parts,
        keys,
        counts: (params.counted == 1).then(|| &behind[..params.len as usize]),
        terms: Terms { terms: call.terms, grad: call.grad, clip_value: params.clip_value },
        kind,
        optimizer: kind.kernel(),
    };
    let (table, state) = (call.table, call.state);
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
    let tasks = cuts.into_iter().zip(starts).zip(pieces);
    parallel::each(tasks, &|((range, (base, state_base)), (table, state))| {
        update_rows(&inputs, range, Target { table, base, state, state_base });
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

/// A piece of the weights and state, with the words they begin at.
struct Target<'a> {
    table: &'a mut [u32],
    base: usize,
    state: &'a mut [u32],
    state_base: usize,
}

/// How many rows ahead rows and their state are asked into the second and into the first cache.
const FAR: usize = 12;
const NEAR: usize = 4;

fn update_rows(inputs: &Inputs<'_>, range: Range<usize>, target: Target<'_>) {
    vectorised(
        #[inline(always)]
        || {
            let Target { table, base, state, state_base } = target;
            let p = &inputs.params;
            let keys = &inputs.keys[range.clone()];
            let counts = inputs.counts.map(|counts| &counts[range.clone()]);
            let terms = Terms { terms: &inputs.terms.terms[range], ..inputs.terms };
            let ends = segment_ends(keys);
            let widest = inputs.parts.iter().map(|part| part.dim as usize).max().unwrap_or(0);
            let mut scratch = Scratch::new(widest);
            let mut part = inputs.part(keys[0]);
            let mut begin = 0;
            for (segment, &end) in ends.iter().enumerate() {
                let key = keys[begin];
                if key - part.key_first >= part.rows {
                    part = inputs.part(key);
                }
                let dim = part.dim as usize;
                let words = if p.table_type == TYPE_F32 { dim } else { dim.div_ceil(2) };
                let state_words = part.state_stride as usize;
                for (ahead, cache) in [(FAR, Cache::Second), (NEAR, Cache::First)] {
                    let Some(&ahead) = ends.get(segment + ahead) else { continue };
                    let (row, row_state) = inputs.place(part, keys[ahead as usize - 1]);
                    prefetch(table, row.wrapping_sub(base), words, cache);
                    prefetch(state, row_state.wrapping_sub(state_base), state_words, cache);
                }
                let gradient = &mut scratch.gradient[..dim];
                row_grad(terms, begin..end as usize, gradient);
                let count = match counts {
                    Some(counts) => counts[begin],
                    None => end - narrow(begin),
                };
                begin = end as usize;
                let (row, row_state) = inputs.place(part, key);
                let row = &mut table[row - base..][..words];
                let row_state = match state_words {
                    0 => &mut [][..],
                    _ => &mut state[row_state - state_base..][..state_words],
                };
                let number = (key - part.key_first).wrapping_mul(part.row_step).wrapping_add(part.row_first);
                let noise = Noise { row: mix(mix(part.random) ^ number), column_first: part.column_first };
                update_row(inputs, count, noise, row, row_state, &mut scratch, dim);
            }
        },
    );
}

/// What rounds a row at random.
#[derive(Clone, Copy)]
struct Noise {
    row: u32,
    column_first: u32,
}

impl Noise {
    #[inline(always)]
    fn of(self, column: u32) -> u32 {
        mix(self.row ^ self.column_first.wrapping_add(column))
    }
}

/// Memory for one row.
struct Scratch {
    gradient: Vec<f32>,
    step: Vec<f32>,
    /// The row and its state, where they are not kept as `f32`.
    row: Vec<f32>,
    a: Vec<f32>,
    b: Vec<f32>,
}

impl Scratch {
    fn new(widest: usize) -> Self {
        let values = || vec![0.0f32; widest];
        Self { gradient: values(), step: values(), row: values(), a: values(), b: values() }
    }
}

#[inline(always)]
fn update_row(
    inputs: &Inputs<'_>,
    count: u32,
    noise: Noise,
    row: &mut [u32],
    row_state: &mut [u32],
    scratch: &mut Scratch,
    dim: usize,
) {
    let p = &inputs.params;
    let Scratch { gradient, step, row: values, a, b } = scratch;
    let (gradient, step) = (&mut gradient[..dim], &mut step[..dim]);
    let optimizer = inputs.optimizer;
    let elements = optimizer.element_values as usize;
    let dim_words = if p.state_type == TYPE_F32 { dim } else { dim.div_ceil(2) };
    let (blocks, row_words) = row_state.split_at_mut(elements * dim_words);
    let (block_a, block_b) = blocks.split_at_mut(if elements > 0 { dim_words } else { 0 });
    let row_words = &mut row_words[..optimizer.row_values as usize];

    if p.table_type == TYPE_F32 && p.state_type == TYPE_F32 {
        let w = bytemuck::cast_slice_mut(row);
        let state = State {
            a: bytemuck::cast_slice_mut(block_a),
            b: bytemuck::cast_slice_mut(block_b),
            row: row_words,
        };
        step_row(inputs, count, w, gradient, step, state);
        return;
    }
    let w = &mut values[..dim];
    let a = &mut a[..if elements > 0 { dim } else { 0 }];
    let b = &mut b[..if elements > 1 { dim } else { 0 }];
    unpack(row, p.table_type, w);
    unpack(block_a, p.state_type, a);
    unpack(block_b, p.state_type, b);
    step_row(inputs, count, w, gradient, step, State { a: &mut *a, b: &mut *b, row: row_words });
    match (p.table_type, p.stochastic) {
        (TYPE_F32, _) => row.copy_from_slice(bytemuck::cast_slice(w)),
        (element, 0) => pack(w, row, |value, _| nearest(value, element)),
        (element, _) => pack(w, row, |value, column| stochastic(value, element, noise.of(column))),
    }
    for (values, words) in [(a, block_a), (b, block_b)] {
        match p.state_type {
            TYPE_F32 => words.copy_from_slice(bytemuck::cast_slice(values)),
            element => pack(values, words, |value, _| nearest(value, element)),
        }
    }
}

/// Everything between reading a row and writing it.
#[inline(always)]
fn step_row(
    inputs: &Inputs<'_>,
    count: u32,
    w: &mut [f32],
    g: &mut [f32],
    step: &mut [f32],
    state: State<'_>,
) {
    let p = &inputs.params;
    let factor = gradient_factor(p, count, w, g);
    if factor != [1.0, 1.0] {
        g.iter_mut().for_each(|g| *g = *g * factor[0] * factor[1]);
    }
    if p.l2 != 0.0 {
        for (g, w) in g.iter_mut().zip(&*w) {
            *g += w * p.l2;
        }
    }
    optimize(inputs.kind, p, Row { w: &mut *w, g, count, step }, state);
    if p.max_norm > 0.0 {
        let Norm { root, times } = norm(w);
        if root > p.max_norm * times {
            let shrink = p.max_norm / root;
            w.iter_mut().for_each(|w| *w = *w * times * shrink);
        }
    }
}

macro_rules! from_list {
    ({ $($rows:tt)+ } { $($more:tt)+ }) => { from_list! { $($rows)+ $($more)+ } };
    ($($kind:ident: $name:literal, $($rest:tt),+;)+) => {
        /// The step of an optimizer. Not through a table of functions: all are compiled into the loop that is
        /// vectorised for the processor.
        #[inline(always)]
        fn optimize(kind: OptimizerKind, p: &Params, row: Row<'_>, state: State<'_>) {
            match kind {
                $(OptimizerKind::$kind => crate::optim::$kind::update(p, row, state),)+
            }
        }
    };
}
optimizers!(from_list);

/// What a row's gradient is multiplied by, one after the other: one factor alone could be too small for a
/// float.
#[inline(always)]
fn gradient_factor(p: &Params, count: u32, w: &[f32], g: &[f32]) -> [f32; 2] {
    let mut factor = [1.0, if p.by_frequency == 1 { 1.0 / count as f32 } else { 1.0 }];
    if p.clip_norm <= 0.0 && p.cow_ratio <= 0.0 {
        return factor;
    }
    let mut gradient = norm(g);
    gradient.root *= factor[1];
    if p.clip_norm > 0.0 && gradient.root > p.clip_norm * gradient.times {
        factor = [gradient.times, factor[1] * (p.clip_norm / gradient.root)];
        gradient = Norm { root: p.clip_norm, times: 1.0 };
    }
    if p.cow_ratio > 0.0 {
        let row = norm(w);
        // of a row that is not a number the floor
        let limit = count as f32 * (p.cow_ratio * row.root / row.times).max(p.cow_floor);
        if gradient.root > limit * gradient.times {
            factor = [factor[0] * gradient.times, factor[1] * (limit / gradient.root)];
        }
    }
    factor
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
        *last = narrow(keys.len());
    }
    ends.truncate(segment + 1);
    ends
}
