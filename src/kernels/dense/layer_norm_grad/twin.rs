//! Twin of `layer_norm_grad.wgsl`.

use crate::cpu::parallel;
use crate::cpu::row_sum::{row_sum, row_total};
use crate::cpu::simd::vectorised;
use crate::kernels::layer_norm_grad::{TOGETHER, View};

/// Examples that one task takes: a multiple of a slice's tokens, so that no slice is cut between two tasks.
const EXAMPLES: usize = 2 * TOGETHER as usize;

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
    let together = p.together as usize;
    let slices = &mut call.slices[p.slices_base as usize..][..p.slices as usize * 2 * cols];
    let (of_tokens, behind) = slices.split_at_mut((examples * tokens).div_ceil(together) * 2 * cols);
    behind.fill(0.0);
    let of_task = EXAMPLES * tokens / together * 2 * cols;
    let tasks = out.chunks_mut(stride * EXAMPLES).zip(of_tokens.chunks_mut(of_task)).enumerate();
    parallel::each(tasks, &|(task, (out, slices))| {
        let mut g = vec![0.0; cols];
        slices.fill(0.0);
        vectorised(
            #[inline(always)]
            || {
                let mut row = 0;
                for (example, out) in (task * EXAMPLES..).zip(out.chunks_mut(stride)) {
                    let grad = &grad[example * p.grad_stride as usize..][..width];
                    let normal = &normal[example * width..][..width];
                    let deviation = &deviation[example * tokens..][..tokens];
                    let of_tokens = grad
                        .chunks_exact(cols)
                        .zip(normal.chunks_exact(cols))
                        .zip(deviation)
                        .zip(out[..width].chunks_exact_mut(cols));
                    for (((grad, normal), inverse), out) in of_tokens {
                        let slice = &mut slices[row / together * 2 * cols..][..2 * cols];
                        row += 1;
                        token(grad, normal, *inverse, gain, &mut g, out, slice);
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
    slice: &mut [f32],
) {
    let dim = grad.len() as f32;
    let (of_gain, of_bias) = slice.split_at_mut(grad.len());
    for ((sum, grad), normal) in of_gain.iter_mut().zip(grad).zip(normal) {
        *sum += grad * normal;
    }
    of_bias.iter_mut().zip(grad).for_each(|(sum, grad)| *sum += grad);
    g.iter_mut().zip(grad).zip(gain).for_each(|((g, grad), gain)| *g = grad * gain);
    let mean = row_total(g) / dim;
    let mean_along = row_sum(g, normal) / dim;
    for ((out, g), normal) in out.iter_mut().zip(g).zip(normal) {
        *out = (*g - mean - normal * mean_along) * inverse;
    }
}
