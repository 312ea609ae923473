//! Twin of `linear_int8.wgsl`.

use rayon::prelude::*;

use crate::cpu::codes::code;
use crate::cpu::columns::Columns;
use crate::cpu::powers::exp_2;
use crate::cpu::simd::vectorised;
use crate::kernels::linear::{ACTIVATION_RELU, ACTIVATION_SIGMOID};
use crate::kernels::linear_int8::byte_product::{OUTPUTS, PANEL, Path, ROWS, products};
use crate::kernels::linear_int8::{OutputChannel, Params, View};

pub(crate) fn run(call: View<'_>) {
    let p = call.params;
    let (m, n, words) = (p.m as usize, p.n as usize, p.words as usize);
    let codes = &call.codes[p.codes_base as usize..][..m * words];
    let weights = &call.weights[..n.div_ceil(PANEL) * PANEL * words];
    let channels = &call.channels[..n];
    let &[scale, zero_point] = call.quant.first_chunk().unwrap_or(&[0; 2]);
    if p.slices > 1 {
        slices(&p, codes, weights, call.out);
        return;
    }
    let path = Path::best();

    // four codes a word
    let (per_word, stride) = (if p.coded == 1 { 4 } else { 1 }, p.out_stride as usize);
    let width = n.div_ceil(per_word);
    let out = &mut call.out[p.out_base as usize..][..(m - 1) * stride + width];
    let task = OUTPUTS / per_word;
    let blocks = Columns::split(out, stride, (0..width).step_by(task).map(|at| at..(at + task).min(width)));
    let layers: Vec<_> = channels
        .chunks(OUTPUTS)
        .map(|channels| Epilogue::new(&p, f32::from_bits(scale), zero_point, channels))
        .collect();
    let pieces = blocks
        .into_iter()
        .zip(&layers)
        .zip(weights.chunks(OUTPUTS * words))
        .flat_map(|((block, layer), weights)| {
            block.chunks(ROWS).map(move |(first, piece)| (first, piece, layer, weights))
        })
        .collect::<Vec<_>>();
    pieces.into_par_iter().with_max_len(1).for_each(|(first, mut piece, layer, weights)| {
        let codes = &codes[first * words..][..piece.rows() * words];
        products(path, codes, words, weights, |row, sums| layer.finish(sums, piece.row(row)));
    });
}

/// Sums of signed codes by slices. The CPU is never asked for them, but the device's are held against these.
fn slices(p: &Params, codes: &[u32], weights: &[u32], out: &mut [u32]) {
    let (m, n, words) = (p.m as usize, p.n as usize, p.words as usize);
    let (stride, k_slice) = (p.out_stride as usize, p.k_slice as usize);
    let signed = |codes: u32| (codes ^ 0x8080_8080).to_le_bytes().map(u8::cast_signed);
    for slice in 0..p.slices as usize {
        let range = slice * k_slice..((slice + 1) * k_slice).min(words);
        let out = &mut out[p.out_base as usize + slice * p.slice_stride as usize..][..(m - 1) * stride + n];
        let rows = out.par_chunks_mut(stride).zip(codes.par_chunks(words));
        rows.for_each(|(out, codes)| {
            for (at, out) in out[..n].iter_mut().enumerate() {
                let panel = &weights[at / PANEL * words * PANEL..][..words * PANEL];
                let products = range.clone().map(|k| {
                    let weights = panel[k * PANEL + at % PANEL].to_le_bytes().map(u8::cast_signed);
                    let pairs = signed(codes[k]).into_iter().zip(weights);
                    pairs.map(|(code, weight)| i32::from(code) * i32::from(weight)).sum::<i32>()
                });
                *out = products.sum::<i32>().cast_unsigned();
            }
        });
    }
}

/// What becomes of the sums of some outputs.
pub(crate) struct Epilogue<'a> {
    params: &'a Params,
    outputs: usize,
    /// The sums of the weights times the zero point, scales and biases, by outputs.
    zeros: [i32; OUTPUTS],
    scales: [f32; OUTPUTS],
    biases: [f32; OUTPUTS],
}

impl<'a> Epilogue<'a> {
    pub(crate) fn new(params: &'a Params, scale: f32, zero_point: u32, channels: &[OutputChannel]) -> Self {
        let (mut zeros, mut scales, mut biases) = ([0; OUTPUTS], [0.0; OUTPUTS], [0.0; OUTPUTS]);
        for (i, channel) in channels.iter().enumerate() {
            zeros[i] = channel.sum.wrapping_mul(zero_point.cast_signed());
            scales[i] = scale * channel.scale;
            biases[i] = channel.bias;
        }
        Self { params, outputs: channels.len(), zeros, scales, biases }
    }

    /// A row of values or of codes.
    pub(crate) fn finish(&self, sums: &[i32; OUTPUTS], out: &mut [u32]) {
        vectorised(
            #[inline(always)]
            || {
                let mut z = [0.0; OUTPUTS];
                for i in 0..OUTPUTS {
                    z[i] = sums[i].wrapping_sub(self.zeros[i]) as f32 * self.scales[i] + self.biases[i];
                }
                match self.params.activation {
                    ACTIVATION_RELU => z.iter_mut().for_each(|z| *z = if *z < 0.0 { 0.0 } else { *z }),
                    ACTIVATION_SIGMOID => z.iter_mut().for_each(|z| *z = sigmoid(*z)),
                    _ => {}
                }
                if self.params.coded == 0 {
                    out.iter_mut().zip(z).for_each(|(out, z)| *out = z.to_bits());
                    return;
                }
                let mut codes = [0; OUTPUTS];
                for (to, z) in codes.iter_mut().zip(z).take(self.outputs) {
                    *to = code(z, self.params.out_inverse, self.params.out_zero_point);
                }
                let bytes = out.len() * 4;
                bytemuck::cast_slice_mut::<u32, u8>(out).copy_from_slice(&codes[..bytes]);
            },
        );
    }
}

/// Twin of `prelude/sigmoid_exact.wgsl`.
#[inline(always)]
fn sigmoid(z: f32) -> f32 {
    let t = exp_2(-(z.abs() * std::f32::consts::LOG2_E).min(126.0));
    (if z >= 0.0 { 1.0 } else { t }) / (1.0 + t)
}
