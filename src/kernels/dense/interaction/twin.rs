//! Twin of `interaction.wgsl`.

use crate::cpu::parallel;
use crate::kernels::interaction::{View, pairs};
use pulp::{Simd, WithSimd};

/// Examples that one task takes.
const EXAMPLES: usize = 8;

pub(crate) fn run(call: View<'_>) {
    let p = call.params;
    let (rows, dim) = (p.rows as usize, p.dim as usize);
    let columns = (pairs(p.features, p.diagonal) + p.dim * p.dense_part) as usize;
    let (x_stride, stride) = (p.input_stride as usize, p.out_stride as usize);
    let width = p.features as usize * dim;
    let x = &call.input[p.input_base as usize..][..(rows - 1) * x_stride + width];
    let out = &mut call.out[p.out_base as usize..][..(rows - 1) * stride + columns];
    let dense_columns = if p.dense_part == 1 { dim } else { 0 };
    parallel::each(out.chunks_mut(stride * EXAMPLES).zip(x.chunks(x_stride * EXAMPLES)), &|(out, x)| {
        let lanes = (p.features as usize).next_multiple_of(WIDEST);
        let mut by_columns = vec![0.0; dim * lanes];
        for (out, x) in out.chunks_mut(stride).zip(x.chunks(x_stride)) {
            let (dense, dots) = out[..columns].split_at_mut(dense_columns);
            let x = &x[..width];
            dense.copy_from_slice(&x[..dense_columns]);
            for (feature, x) in x.chunks_exact(dim).enumerate() {
                for (value, column) in x.iter().zip(by_columns.chunks_exact_mut(lanes)) {
                    column[feature] = *value;
                }
            }
            let by_columns = &by_columns[..];
            pulp::Arch::new().dispatch(Dots { out: dots, x, by_columns, dim, diagonal: p.diagonal as usize });
        }
    });
}

/// The most values that a vector register holds.
const WIDEST: usize = 16;

/// The products of an example, as many at once as a register holds: the order of each sum does not depend on
/// that. (Written with explicit vectors, since compilers keep turning this loop into scalars.)
struct Dots<'a> {
    out: &'a mut [f32],
    x: &'a [f32],
    /// Column after column, the features' values side by side, up to a multiple of [`WIDEST`].
    by_columns: &'a [f32],
    dim: usize,
    diagonal: usize,
}

impl WithSimd for Dots<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let (vectors, _) = S::as_simd_f32s(self.by_columns);
        let vectors_per_column = vectors.len() / self.dim;
        let zero = simd.splat_f32s(0.0);
        let mut out = self.out;
        for (i, a) in self.x.chunks_exact(self.dim).enumerate() {
            let (row, rest) = out.split_at_mut(i + self.diagonal);
            out = rest;
            for (v, out) in row.chunks_mut(S::F32_LANES).enumerate() {
                // columns go to four accumulators by column modulo 4
                let mut sums = [zero; 4];
                let (quads, tail) = a.as_chunks::<4>();
                let mut columns = vectors[v..].chunks(vectors_per_column);
                for quad in quads {
                    for (sum, &a) in sums.iter_mut().zip(quad) {
                        let column = columns.next().map_or(zero, |column| column[0]);
                        *sum = simd.add_f32s(*sum, simd.mul_f32s(simd.splat_f32s(a), column));
                    }
                }
                for ((sum, &a), column) in sums.iter_mut().zip(tail).zip(columns) {
                    *sum = simd.add_f32s(*sum, simd.mul_f32s(simd.splat_f32s(a), column[0]));
                }
                let [x, y, z, w] = sums;
                let sum = simd.add_f32s(simd.add_f32s(x, y), simd.add_f32s(z, w));
                simd.partial_store_f32s(out, sum);
            }
        }
    }
}
