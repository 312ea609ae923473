//! Twin of `conv2d_grad.wgsl`.

use crate::cpu::parallel;
use crate::cpu::simd::vectorised;
use crate::kernels::conv2d_grad::{VALUES, View, WORKGROUP, slices};

const THREADS: usize = WORKGROUP as usize;
const OF_CHANNEL: usize = VALUES as usize;

pub(crate) fn run(call: View<'_>) {
    let p = call.params;
    let [examples, channels, together] = [p.examples, p.channels, p.together].map(|size| size as usize);
    let (rows, cols) = (p.rows as usize, p.cols as usize);
    let (size, quads) = (rows * cols, cols.div_ceil(4));
    let (input, grad) = (&call.input[p.input_base as usize..], &call.grad[p.grad_base as usize..]);
    let out = &mut call.out[..slices(&p) as usize * channels * OF_CHANNEL];
    parallel::pieces(out, OF_CHANNEL, &|i, out| {
        let (slice, channel) = (i / channels, i % channels);
        // every row with zeros around it, up to whole vectors
        let (width, mut padded) = (quads * 4 + 2, vec![0.0; rows * (quads * 4 + 2)]);
        let mut of_grad = vec![0.0; rows * quads * 4];
        let mut sums = vec![[[0.0f32; 4]; OF_CHANNEL]; THREADS];
        vectorised(
            #[inline(always)]
            || {
                let mut place = 0;
                for example in slice * together..((slice + 1) * together).min(examples) {
                    let x = &input[example * p.input_example as usize..][..size];
                    let g = &grad[example * p.grad_example as usize + channel * size..][..size];
                    for (padded, x) in padded.chunks_exact_mut(width).zip(x.chunks_exact(cols)) {
                        padded[1..=cols].copy_from_slice(x);
                    }
                    for (to, g) in of_grad.chunks_exact_mut(quads * 4).zip(g.chunks_exact(cols)) {
                        to[..cols].copy_from_slice(g);
                    }
                    for row in 0..rows {
                        for quad in 0..quads {
                            let sums = &mut sums[place % THREADS];
                            place += 1;
                            let g = &of_grad[(row * quads + quad) * 4..][..4];
                            for (step, sums) in sums[..9].chunks_exact_mut(3).enumerate() {
                                let Some(above) = (row + step).checked_sub(1).filter(|&row| row < rows)
                                else {
                                    continue;
                                };
                                let x = &padded[above * width + quad * 4..][..6];
                                for (shift, sums) in sums.iter_mut().enumerate() {
                                    for (sum, (g, x)) in sums.iter_mut().zip(g.iter().zip(&x[shift..])) {
                                        *sum += g * x;
                                    }
                                }
                            }
                            sums[9].iter_mut().zip(g).for_each(|(sum, g)| *sum += g);
                        }
                    }
                }
            },
        );
        let mut totals: Vec<[f32; OF_CHANNEL]> =
            sums.iter().map(|sums| sums.map(|[x, y, z, w]| (x + y) + (z + w))).collect();
        let mut half = THREADS / 2;
        while half > 0 {
            let (low, high) = totals.split_at_mut(half);
            for (low, high) in low.iter_mut().zip(high) {
                low.iter_mut().zip(high).for_each(|(low, high)| *low += *high);
            }
            half /= 2;
        }
        out.copy_from_slice(&totals[0]);
    });
}
