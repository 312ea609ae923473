//! Twin of `batch_product.wgsl`.

use crate::cpu::parallel;
use crate::cpu::simd::vectorised;
use crate::kernels::batch_product::{Layout, Params, View, layout_of};

/// Columns that are summed at a time: what four rows of them take fits registers.
const COLUMNS: usize = 16;
/// Outputs that one task takes, at least this many values of them.
const VALUES: usize = 4096;

pub(crate) fn run(call: View<'_>) {
    let (p, layout) = (call.params, layout_of(call.variant));
    let outputs = p.rows.div_ceil(p.together) as usize;
    if outputs == 0 || p.m == 0 || p.n == 0 {
        return;
    }
    let (m, n, stride) = (p.m as usize, p.n as usize, p.out_stride as usize);
    let each = if outputs == 1 { (m - 1) * stride + n } else { p.out_example as usize };
    let last = (m - 1) * stride + n;
    let out = &mut call.out[p.out_base as usize..][..(outputs - 1) * each + last];
    let at_once = (VALUES / (m * n * p.together as usize)).max(1);
    parallel::pieces(out, each * at_once, &|task, out| {
        let mut room = Room { b: Vec::new(), sums: vec![0.0; m * n.next_multiple_of(COLUMNS)] };
        vectorised(
            #[inline(always)]
            || {
                for (output, out) in (task * at_once..).zip(out.chunks_mut(each)) {
                    one(&p, layout, call.a, call.b, output * p.together as usize, &mut room, out);
                }
            },
        );
    });
}

/// Memory of a task.
struct Room {
    /// An example's `b` by `[k][n]`, its rows a multiple of [`COLUMNS`] long.
    b: Vec<f32>,
    /// By `[m][n]`, of the same length.
    sums: Vec<f32>,
}

/// One product: of an example, or the sum of some from `first` on.
#[inline(always)]
fn one(p: &Params, layout: Layout, a: &[f32], b: &[f32], first: usize, room: &mut Room, out: &mut [f32]) {
    let (m, n, k) = (p.m as usize, p.n as usize, p.k as usize);
    let width = n.next_multiple_of(COLUMNS);
    room.sums.fill(0.0);
    for example in first..(first + p.together as usize).min(p.rows as usize) {
        let a = &a[p.a_base as usize + example * p.a_example as usize..];
        let b = &b[p.b_base as usize + example * p.b_example as usize..];
        // a shared factor is laid out once
        if room.b.is_empty() || p.b_example > 0 {
            lay_out(layout, b, p.b_stride as usize, (n, k), &mut room.b);
        }
        let (row_step, k_step) =
            if layout.a_transposed { (1, p.a_stride as usize) } else { (p.a_stride as usize, 1) };
        let (fours, rest) = room.sums.split_at_mut(m / 4 * 4 * width);
        for (i, sums) in (0..).step_by(4).zip(fours.chunks_exact_mut(4 * width)) {
            rows::<4>(&a[i * row_step..], (row_step, k_step), &room.b, k, sums);
        }
        for (i, sums) in (m / 4 * 4..).zip(rest.chunks_exact_mut(width)) {
            rows::<1>(&a[i * row_step..], (row_step, k_step), &room.b, k, sums);
        }
    }
    for (out, sums) in out.chunks_mut(p.out_stride as usize).zip(room.sums.chunks_exact(width)) {
        for (out, sum) in out[..n].iter_mut().zip(sums) {
            *out = if p.accumulate == 1 { *out + sum } else { *sum };
        }
    }
}

/// Copies `b` to rows of a multiple of [`COLUMNS`], by `[k][n]`.
#[inline(always)]
fn lay_out(layout: Layout, b: &[f32], stride: usize, (n, k): (usize, usize), into: &mut Vec<f32>) {
    let width = n.next_multiple_of(COLUMNS);
    into.resize(k * width, 0.0);
    if !layout.b_transposed {
        for (row, into) in into.chunks_exact_mut(width).enumerate() {
            into[..n].copy_from_slice(&b[row * stride..][..n]);
        }
        return;
    }
    for column in 0..n {
        let values = &b[column * stride..][..k];
        for (value, into) in values.iter().zip(into.chunks_exact_mut(width)) {
            into[column] = *value;
        }
    }
}

/// Adds the products of `R` rows of `a` to their sums, in the order of k.
#[inline(always)]
fn rows<const R: usize>(
    a: &[f32],
    (row_step, k_step): (usize, usize),
    b: &[f32],
    k: usize,
    sums: &mut [f32],
) {
    let width = sums.len() / R;
    for column in (0..width).step_by(COLUMNS) {
        let mut block = [[0.0f32; COLUMNS]; R];
        for (row, block) in block.iter_mut().enumerate() {
            block.copy_from_slice(&sums[row * width + column..][..COLUMNS]);
        }
        for (at, b) in b.chunks_exact(width).take(k).enumerate() {
            let b = &b[column..column + COLUMNS];
            for (row, block) in block.iter_mut().enumerate() {
                let a = a[row * row_step + at * k_step];
                for (sum, b) in block.iter_mut().zip(b) {
                    *sum += a * b;
                }
            }
        }
        for (row, block) in block.iter().enumerate() {
            sums[row * width + column..][..COLUMNS].copy_from_slice(block);
        }
    }
}
