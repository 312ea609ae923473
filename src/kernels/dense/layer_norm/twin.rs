//! Twin of `layer_norm.wgsl`.

use crate::cpu::parallel;
use crate::cpu::row_sum::{row_sum, row_total};
use crate::cpu::simd::vectorised;
use crate::kernels::layer_norm::View;

/// Examples that one task takes.
const EXAMPLES: usize = 16;

pub(crate) fn run(call: View<'_>) {
    let p = call.params;
    let (tokens, cols) = (p.tokens as usize, p.cols as usize);
    let (examples, width) = (p.rows as usize / tokens, tokens * cols);
    if examples == 0 || cols == 0 {
        return;
    }
    let stride = p.out_stride as usize;
    let out = &mut call.out[p.out_base as usize..][..(examples - 1) * stride + width];
    let normal = &mut call.normal[p.normal_base as usize..][..examples * width];
    let deviation = &mut call.deviation[p.deviation_base as usize..][..examples * tokens];
    let gain = &call.affine[p.affine_base as usize..][..cols];
    let bias = &call.affine[(p.affine_base + p.affine_stride) as usize..][..cols];
    let parts = &call.parts[p.parts_base as usize..];
    let shortcut = &call.shortcut[p.shortcut_base as usize..];
    let weights = if p.weighted == 1 { &call.weights[p.weights_base as usize..] } else { &[] };
    let tasks = out
        .chunks_mut(stride * EXAMPLES)
        .zip(normal.chunks_mut(width * EXAMPLES))
        .zip(deviation.chunks_mut(tokens * EXAMPLES))
        .enumerate();
    parallel::each(tasks, &|(task, ((out, normal), deviation))| {
        vectorised(
            #[inline(always)]
            || {
                let examples = out
                    .chunks_mut(stride)
                    .zip(normal.chunks_exact_mut(width))
                    .zip(deviation.chunks_exact_mut(tokens));
                for (example, ((out, normal), deviation)) in (task * EXAMPLES..).zip(examples) {
                    for part in 0..p.parts as usize {
                        let at = example * p.parts_stride as usize + part * p.part_step as usize;
                        let values = &parts[at..][..width];
                        add(normal, values, weights.get(part).copied(), part == 0);
                    }
                    let shortcut = &shortcut[example * p.shortcut_stride as usize..][..width];
                    add(normal, shortcut, None, p.parts == 0);
                    let of_tokens =
                        out[..width].chunks_exact_mut(cols).zip(normal.chunks_exact_mut(cols)).zip(deviation);
                    for ((out, z), deviation) in of_tokens {
                        *deviation = normalize(z, out, gain, bias, p.eps);
                    }
                }
            },
        );
    });
}

/// Adds values by their weight, to zeros if they are the first.
#[inline(always)]
fn add(to: &mut [f32], values: &[f32], weight: Option<f32>, first: bool) {
    for (to, value) in to.iter_mut().zip(values) {
        let value = weight.map_or(*value, |weight| weight * value);
        // a negative zero added to zero is none
        *to = if first { 0.0 + value } else { *to + value };
    }
}

/// Normalizes a token in place and writes the output; returns 1 / sqrt(variance + eps).
#[inline(always)]
fn normalize(z: &mut [f32], out: &mut [f32], gain: &[f32], bias: &[f32], eps: f32) -> f32 {
    let dim = z.len() as f32;
    let mean = row_total(z) / dim;
    z.iter_mut().for_each(|z| *z -= mean);
    let inverse = 1.0 / (row_sum(z, z) / dim + eps).sqrt();
    for (((z, out), gain), bias) in z.iter_mut().zip(out).zip(gain).zip(bias) {
        *z *= inverse;
        *out = *z * gain + bias;
    }
    inverse
}
