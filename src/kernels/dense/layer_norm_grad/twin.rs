//! Twin of `layer_norm_grad.wgsl`.

use crate::cpu::parallel;
use crate::cpu::row_sum::{row_sum, row_total};
use crate::cpu::simd::vectorised;
use crate::kernels::layer_norm_grad::View;

/// Examples that one task takes.
const EXAMPLES: usize = 16;

pub(crate) fn run(call: View<'_>) {
    let p = call.params;
    let (tokens, cols) = (p.tokens as usize, p.cols as usize);
    let (examples, width) = (p.rows as usize / tokens, tokens * cols);
    if examples == 0 || cols == 0 {
        return;
    }
    let (stride, through_stride) = (p.out_stride as usize, p.through_stride as usize);
    let grad = &call.grad[p.grad_base as usize..];
    let normal = &call.normal[p.normal_base as usize..][..examples * width];
    let deviation = &call.deviation[p.deviation_base as usize..][..examples * tokens];
    let gain = &call.affine[p.affine_base as usize..][..cols];
    let out = &mut call.out[p.out_base as usize..][..(examples - 1) * stride + width];
    let spread = &mut call.spread[p.spread_base as usize..][..examples * width];
    let tasks = out.chunks_mut(stride * EXAMPLES).zip(spread.chunks_mut(width * EXAMPLES)).enumerate();
    parallel::each(tasks, &|(task, (out, spread))| {
        let mut g = vec![0.0; cols];
        vectorised(
            #[inline(always)]
            || {
                let examples = out.chunks_mut(stride).zip(spread.chunks_exact_mut(width));
                for (example, (out, spread)) in (task * EXAMPLES..).zip(examples) {
                    let grad = &grad[example * p.grad_stride as usize..][..width];
                    let normal = &normal[example * width..][..width];
                    let deviation = &deviation[example * tokens..][..tokens];
                    let of_tokens = grad
                        .chunks_exact(cols)
                        .zip(normal.chunks_exact(cols))
                        .zip(deviation)
                        .zip(out[..width].chunks_exact_mut(cols))
                        .zip(spread.chunks_exact_mut(cols));
                    for ((((grad, normal), inverse), out), spread) in of_tokens {
                        token(grad, normal, *inverse, gain, &mut g, out, spread);
                    }
                }
            },
        );
    });
    if p.passes == 1 {
        let through = &mut call.through[p.through_base as usize..][..(examples - 1) * through_stride + width];
        let out = &call.out[p.out_base as usize..];
        parallel::pieces(through, through_stride * EXAMPLES, &|task, through| {
            for (example, through) in (task * EXAMPLES..).zip(through.chunks_mut(through_stride)) {
                through[..width].copy_from_slice(&out[example * stride..][..width]);
            }
        });
    }
}

#[inline(always)]
fn token(
    grad: &[f32],
    normal: &[f32],
    inverse: f32,
    gain: &[f32],
    g: &mut [f32],
    out: &mut [f32],
    spread: &mut [f32],
) {
    let dim = grad.len() as f32;
    for (((g, spread), (grad, normal)), gain) in
        g.iter_mut().zip(spread).zip(grad.iter().zip(normal)).zip(gain)
    {
        *g = grad * gain;
        *spread = grad * normal;
    }
    let mean = row_total(g) / dim;
    let mean_along = row_sum(g, normal) / dim;
    for ((out, g), normal) in out.iter_mut().zip(g).zip(normal) {
        *out = (*g - mean - normal * mean_along) * inverse;
    }
}
