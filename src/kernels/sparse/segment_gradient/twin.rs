//! Twin of `segment_gradient.wgsl`.

use rayon::prelude::*;

use crate::cpu::simd::vectorised;
use crate::cpu::terms::{Terms, row_grad};
use crate::kernel::Call;
use crate::kernels::segment_gradient::Params;

/// Rows that one task takes.
const ROWS: usize = 64;

pub(crate) fn run(mut call: Call<'_>) {
    let p: Params = call.params();
    let first = p.first as usize;
    let total = call.read::<u32>(0)[0] as usize;
    let rows = total.saturating_sub(first).min(p.rows as usize);
    let begins = call.read::<u32>(1);
    let terms = Terms { terms: call.read(2), grad: call.read(3), clip_value: p.clip_value };
    let (out, counts) = (call.write::<f32>(5), call.write::<u32>(6));
    let (dim, stride) = (p.dim as usize, p.out_stride as usize);
    let out = &mut out[p.out_base as usize..];
    let end = (rows * stride).min(out.len());
    let tasks = out[..end].par_chunks_mut(stride * ROWS).zip(counts[first..][..rows].par_chunks_mut(ROWS));
    tasks.enumerate().for_each(|(task, (out, counts))| {
        let begins = &begins[first + task * ROWS..];
        vectorised(
            #[inline(always)]
            || {
                for ((out, count), pair) in out.chunks_mut(stride).zip(counts).zip(begins.windows(2)) {
                    *count = pair[1] - pair[0];
                    row_grad(terms, pair[0] as usize..pair[1] as usize, &mut out[..dim]);
                }
            },
        );
    });
}
