//! Twin of `bag_forward.wgsl`.

use std::ops::Range;

use crate::cpu::columns::Columns;
use crate::cpu::format::{Format, with_format};
use crate::cpu::parallel;
use crate::cpu::rows::{Rows, with_rows};
use crate::cpu::simd::{Cache, vectorised};
use crate::kernels::bag_forward::{Params, View};
use crate::kernels::feature::{Feature, NONE, POOL_MAX, POOL_MEAN, POOL_NONE};

struct Inputs<'a, R: Rows, O> {
    params: Params,
    offsets: &'a [u32],
    ids: &'a [u32],
    weights: &'a [f32],
    rows: &'a [R::Element],
    format: R,
    out_format: O,
}

impl<R: Rows, O> Inputs<'_, R, O> {
    /// Asks for columns of the row of a position.
    #[inline(always)]
    fn ask_for<const N: usize>(&self, feature: &Feature, position: usize, column: usize, into: Cache) {
        let row = self.ids.get(position).map_or(NONE, |&id| id.wrapping_sub(feature.window_first));
        if row < feature.window_rows {
            let at = feature.window_base as usize + row as usize * feature.window_stride as usize;
            self.format.prefetch::<N>(self.rows, at, column, into);
        }
    }

    /// Asks for columns of rows of positions to come, of which this many bytes are read one after the other.
    #[inline(always)]
    fn ask_ahead<const N: usize>(&self, feature: &Feature, position: usize, column: usize, bytes: usize) {
        // rows of a line or two are on their way in time without
        if bytes >= LONG {
            self.ask_for::<N>(feature, position + FAR / bytes, column, Cache::Second);
        }
        self.ask_for::<N>(feature, position + (NEAR / bytes).clamp(2, 48), column, Cache::First);
    }

    /// [`Self::ask_ahead`] for whole rows.
    #[inline(always)]
    fn ask_for_rows(&self, feature: &Feature, position: usize) {
        for column in (0..feature.dim as usize).step_by(16) {
            self.ask_ahead::<16>(feature, position, column, self.row_bytes(feature));
        }
    }

    /// About the bytes of a row.
    #[inline(always)]
    fn row_bytes(&self, feature: &Feature) -> usize {
        self.format.bytes::<16>() * (feature.dim as usize).div_ceil(16)
    }
}

pub(crate) fn run(call: View<'_>) {
    let Params { rows_type, out_type, .. } = call.params;
    if !call.status.refused() {
        with_rows!(rows_type, rows => with_format!(out_type, out => all_features(call, rows, out)));
    }
}

fn all_features<R: Rows, O: Format>(call: View<'_>, format: R, out_format: O) {
    let params = call.params;
    let inputs = Inputs {
        params,
        offsets: call.offsets,
        ids: call.ids,
        weights: call.weights,
        rows: bytemuck::cast_slice::<u32, R::Element>(call.rows),
        format,
        out_format,
    };
    let tasks = Tasks {
        params,
        offsets: call.offsets,
        pool: &|feature, first, out| pool_rows(&inputs, feature, first, out),
        copy: &|feature, first, out| copy_rows(&inputs, feature, first, out),
    };
    tasks.run(&call.features[..params.features as usize], bytemuck::cast_slice_mut(call.out));
}

/// What is done for features, whatever their rows are: compiled once for a type of outputs.
struct Tasks<'a, T> {
    params: Params,
    offsets: &'a [u32],
    /// Pools bags from one on into rows.
    pool: &'a (dyn Fn(&Feature, usize, Columns<'_, T>) + Sync),
    /// Copies the rows of positions from one on.
    copy: &'a (dyn Fn(&Feature, usize, &mut [T]) + Sync),
}

impl<T: Send> Tasks<'_, T> {
    fn run(&self, mut rest: &[Feature], out: &mut [T]) {
        while !rest.is_empty() {
            let together = (2..=rest.len()).take_while(|&n| side_by_side(&rest[..n])).last().unwrap_or(1);
            let (features, later) = rest.split_at(together);
            rest = later;
            if features[0].pooling == POOL_NONE {
                self.copy(&features[0], &mut out[features[0].out_base as usize..]);
            } else {
                self.pool(features, out);
            }
        }
    }

    /// Features side by side in the rows of one matrix. A thread takes all bags of a feature if it can: the
    /// table's frequent rows are then in one cache only.
    fn pool(&self, features: &[Feature], out: &mut [T]) {
        let p = &self.params;
        let bags = (p.row_end.min(p.batch) - p.row_begin) as usize;
        let (Some(first), Some(last)) = (features.first(), features.last()) else { return };
        if bags == 0 {
            return;
        }
        let (begin, stride) = (first.out_base, first.out_stride as usize);
        let width = (last.out_base + last.dim - begin) as usize;
        let out = &mut out[begin as usize..][..(bags - 1) * stride + width];
        let columns = |f: &Feature| (f.out_base - begin) as usize..(f.out_base + f.dim - begin) as usize;
        let blocks = Columns::split(out, stride, features.iter().map(columns));
        let mut tasks = Vec::new();
        for (feature, block) in features.iter().zip(blocks) {
            tasks.extend(block.chunks(ROWS).map(|(row, out)| (feature, row, out)));
        }
        parallel::each(tasks.into_iter(), &|(feature, row, out)| {
            let first = (feature.index * p.batch + p.row_begin) as usize + row;
            (self.pool)(feature, first, out);
        });
    }

    /// Without pooling: one output row for each position.
    fn copy(&self, feature: &Feature, out: &mut [T]) {
        let p = &self.params;
        let begin = self.offsets[(feature.index * p.batch) as usize];
        let end = self.offsets[((feature.index + 1) * p.batch) as usize];
        let first = (begin + p.row_begin).min(end);
        let count = (end - first).min(p.row_end - p.row_begin) as usize;
        let first = first as usize;
        let (dim, stride) = (feature.dim as usize, feature.out_stride as usize);
        let len = if count == 0 { 0 } else { (count - 1) * stride + dim };
        parallel::pieces(&mut out[..len], stride * ROWS, &|task, out| {
            (self.copy)(feature, first + task * ROWS, out);
        });
    }
}

/// Rows of the output that one task takes.
const ROWS: usize = 64;

/// Whether pooled features lie side by side in the rows of one matrix.
fn side_by_side(features: &[Feature]) -> bool {
    let first = features[0];
    let end = |f: &Feature| f.out_base + f.dim;
    features.iter().all(|f| f.pooling != POOL_NONE && f.out_stride == first.out_stride)
        && features.windows(2).all(|pair| end(&pair[0]) <= pair[1].out_base)
        && features.last().is_some_and(|last| end(last) - first.out_base <= first.out_stride)
}

/// Pools bags from one on into rows.
fn pool_rows<R: Rows, O: Format>(
    inputs: &Inputs<'_, R, O>,
    feature: &Feature,
    first: usize,
    mut out: Columns<'_, O::Element>,
) {
    vectorised(
        #[inline(always)]
        || {
            for row in 0..out.rows() {
                let bag = inputs.offsets[first + row] as usize..inputs.offsets[first + row + 1] as usize;
                if feature.pooling == POOL_MAX {
                    max_bag(inputs, feature, bag, out.row(row));
                } else {
                    pool_bag(inputs, feature, bag, out.row(row));
                }
            }
        },
    );
}

/// Columns are taken in blocks that fit registers; the sum over the bag is in the order of the ids.
#[inline(always)]
fn pool_bag<R: Rows, O: Format>(
    inputs: &Inputs<'_, R, O>,
    feature: &Feature,
    bag: Range<usize>,
    out: &mut [O::Element],
) {
    let mut column = 0;
    let (blocks, tail) = out.as_chunks_mut::<64>();
    for block in blocks {
        pool_block(inputs, feature, bag.clone(), column, block);
        column += 64;
    }
    let (blocks, tail) = tail.as_chunks_mut::<16>();
    for block in blocks {
        pool_block(inputs, feature, bag.clone(), column, block);
        column += 16;
    }
    let (blocks, tail) = tail.as_chunks_mut::<4>();
    for block in blocks {
        pool_block(inputs, feature, bag.clone(), column, block);
        column += 4;
    }
    for value in tail {
        pool_block(inputs, feature, bag.clone(), column, std::array::from_mut(value));
        column += 1;
    }
}

/// How many bytes of rows are on their way to the second cache, if rows are of this size, and to the first
/// one, while one is added, across the ends of bags: what hides the latency of the memory, in short rows as
/// in long ones.
const FAR: usize = 10_240;
const LONG: usize = 192;
const NEAR: usize = 4096;

#[inline(always)]
fn pool_block<const N: usize, R: Rows, O: Format>(
    inputs: &Inputs<'_, R, O>,
    feature: &Feature,
    bag: Range<usize>,
    column: usize,
    out: &mut [O::Element; N],
) {
    let (stride, base) = (feature.window_stride as usize, feature.window_base as usize);
    let mut sum = [0.0f32; N];
    let mut count = 0u32;
    for p in bag {
        let id = inputs.ids[p];
        inputs.ask_ahead::<N>(feature, p, column, inputs.format.bytes::<N>());
        if feature.absent(id) {
            count += inputs.params.pruned(id);
            continue;
        }
        count += 1;
        let row = id.wrapping_sub(feature.window_first);
        if row >= feature.window_rows {
            continue;
        }
        let at = base + row as usize * stride;
        let Some(values) = inputs.format.values::<N>(inputs.rows, at, column) else { continue };
        if inputs.params.weighted == 1 {
            let weight = inputs.weights[p];
            for (sum, value) in sum.iter_mut().zip(values) {
                *sum += value * weight;
            }
        } else {
            for (sum, value) in sum.iter_mut().zip(values) {
                *sum += value;
            }
        }
    }
    if feature.pooling == POOL_MEAN && count > 1 {
        for sum in &mut sum {
            *sum /= count as f32;
        }
    }
    if feature.initial == 0 {
        for (sum, earlier) in sum.iter_mut().zip(inputs.out_format.values(out)) {
            *sum += earlier;
        }
    }
    inputs.out_format.store(&sum, out);
}

/// The largest values: -infinity where the bag has no row in this window, for later windows to replace. A
/// bag's first value is taken as it is, another one where it is larger; so a NaN counts only where it comes
/// first.
#[inline(always)]
fn max_bag<R: Rows, O: Format>(
    inputs: &Inputs<'_, R, O>,
    feature: &Feature,
    bag: Range<usize>,
    out: &mut [O::Element],
) {
    let mut best = vec![f32::NEG_INFINITY; out.len()];
    let mut count = 0;
    for p in bag {
        inputs.ask_for_rows(feature, p);
        let id = inputs.ids[p];
        if feature.absent(id) {
            if inputs.params.pruned(id) == 1 {
                count += 1;
                best.iter_mut().for_each(|best| raise(best, 0.0, count == 1));
            }
            continue;
        }
        count += 1;
        let row = id.wrapping_sub(feature.window_first);
        if row >= feature.window_rows {
            continue;
        }
        let at = feature.window_base as usize + row as usize * feature.window_stride as usize;
        let (blocks, tail) = best.as_chunks_mut::<16>();
        let tail_column = blocks.len() * 16;
        for (block, column) in blocks.iter_mut().zip((0..).step_by(16)) {
            let Some(values) = inputs.format.values::<16>(inputs.rows, at, column) else { continue };
            for (best, value) in block.iter_mut().zip(values) {
                raise(best, value, count == 1);
            }
        }
        for (best, column) in tail.iter_mut().zip(tail_column..) {
            let Some([value]) = inputs.format.values(inputs.rows, at, column) else { continue };
            raise(best, value, count == 1);
        }
    }
    for (out, best) in out.iter_mut().zip(best) {
        if count == 0 {
            *out = inputs.out_format.nearest(0.0);
            continue;
        }
        // a NaN that an earlier window left was the bag's first value
        if feature.initial == 1 || best.is_nan() || best > inputs.out_format.value(*out) {
            *out = inputs.out_format.nearest(best);
        }
    }
}

/// Takes a bag's first value, and later ones that are larger.
#[inline(always)]
fn raise(best: &mut f32, value: f32, first: bool) {
    if first || value > *best {
        *best = value;
    }
}

/// Copies the rows of positions from one on.
fn copy_rows<R: Rows, O: Format>(
    inputs: &Inputs<'_, R, O>,
    feature: &Feature,
    first: usize,
    out: &mut [O::Element],
) {
    let (dim, stride) = (feature.dim as usize, feature.out_stride as usize);
    vectorised(
        #[inline(always)]
        || {
            for (position, out) in (first..).zip(out.chunks_mut(stride)) {
                // rows of a line are copied as fast as they could be asked for
                if inputs.row_bytes(feature) > 64 {
                    inputs.ask_for_rows(feature, position);
                }
                let weight = if inputs.params.weighted == 1 { Some(inputs.weights[position]) } else { None };
                copy_row(inputs, feature, inputs.ids[position], weight, &mut out[..dim]);
            }
        },
    );
}

#[inline(always)]
fn copy_row<R: Rows, O: Format>(
    inputs: &Inputs<'_, R, O>,
    feature: &Feature,
    id: u32,
    weight: Option<f32>,
    out: &mut [O::Element],
) {
    let row = id.wrapping_sub(feature.window_first);
    if feature.absent(id) || row >= feature.window_rows {
        if feature.initial == 1 {
            out.fill(inputs.out_format.nearest(0.0));
        }
        return;
    }
    let at = feature.window_base as usize + row as usize * feature.window_stride as usize;
    let (blocks, tail) = out.as_chunks_mut::<16>();
    let tail_column = blocks.len() * 16;
    for (block, column) in blocks.iter_mut().zip((0..).step_by(16)) {
        copy_block(inputs, at, column, weight, block);
    }
    for (value, column) in tail.iter_mut().zip(tail_column..) {
        copy_block(inputs, at, column, weight, std::array::from_mut(value));
    }
}

#[inline(always)]
fn copy_block<const N: usize, R: Rows, O: Format>(
    inputs: &Inputs<'_, R, O>,
    row: usize,
    column: usize,
    weight: Option<f32>,
    out: &mut [O::Element; N],
) {
    let Some(mut values) = inputs.format.values::<N>(inputs.rows, row, column) else { return };
    if let Some(weight) = weight {
        values.iter_mut().for_each(|value| *value *= weight);
    }
    inputs.out_format.store(&values, out);
}
