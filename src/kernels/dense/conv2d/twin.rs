//! Twin of `conv2d.wgsl`.

use crate::cpu::parallel;
use crate::cpu::simd::vectorised;
use crate::kernels::conv2d::{TAPS, View};

/// Examples that one task takes.
const EXAMPLES: usize = 8;

pub(crate) fn run(call: View<'_>) {
    let p = call.params;
    let [examples, channels, outputs] = [p.examples, p.channels, p.outputs].map(|size| size as usize);
    let (rows, cols) = (p.rows as usize, p.cols as usize);
    let (size, stride) = (rows * cols, p.out_example as usize);
    if examples == 0 || size == 0 {
        return;
    }
    let input = &call.input[p.input_base as usize..];
    let taps = &call.taps[p.taps_base as usize..];
    let taps_of = |output: usize, channel: usize| {
        let first = output * p.taps_output as usize + channel * p.taps_input as usize;
        let mut all: [f32; TAPS as usize] = std::array::from_fn(|at| taps[first + at]);
        if p.turned == 1 {
            all.reverse();
        }
        all
    };
    let out = &mut call.out[p.out_base as usize..][..(examples - 1) * stride + outputs * size];
    parallel::pieces(out, stride * EXAMPLES, &|task, out| {
        // a row with a zero on either side, and sums of a channel
        let (mut padded, mut sums) = (vec![0.0; cols + 2], vec![0.0f32; size]);
        vectorised(
            #[inline(always)]
            || {
                for (example, out) in (task * EXAMPLES..).zip(out.chunks_mut(stride)) {
                    let x = &input[example * p.input_example as usize..][..channels * size];
                    for (output, out) in out[..outputs * size].chunks_exact_mut(size).enumerate() {
                        let bias = match p.biased {
                            1 => taps[output * p.taps_output as usize + TAPS as usize],
                            _ => 0.0,
                        };
                        sums.fill(bias);
                        for (channel, x) in x.chunks_exact(size).enumerate() {
                            let taps = taps_of(output, channel);
                            add_channel(&mut sums, x, &taps, cols, &mut padded);
                        }
                        for (out, sum) in out.iter_mut().zip(&sums) {
                            *out = if p.accumulate == 1 { *out + sum } else { *sum };
                        }
                    }
                }
            },
        );
    });
}

/// Adds what one channel of the input gives. Rows above come first, and in each the left.
#[inline(always)]
fn add_channel(sums: &mut [f32], x: &[f32], taps: &[f32; TAPS as usize], cols: usize, padded: &mut [f32]) {
    // a row of the input is the last of the three for the row above it, so that rows in order keep sums in order
    for (row, x) in x.chunks_exact(cols).enumerate() {
        padded[1..=cols].copy_from_slice(x);
        for (step, taps) in taps.chunks_exact(3).enumerate() {
            let Some(target) = (row + 1).checked_sub(step) else { continue };
            let Some(sums) = sums.get_mut(target * cols..(target + 1) * cols) else { continue };
            let beside = padded.iter().zip(&padded[1..]).zip(&padded[2..]);
            for (sum, ((left, middle), right)) in sums.iter_mut().zip(beside) {
                *sum += taps[0] * left;
                *sum += taps[1] * middle;
                *sum += taps[2] * right;
            }
        }
    }
}
