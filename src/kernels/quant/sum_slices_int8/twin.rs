//! Twin of `sum_slices_int8.wgsl`.

use crate::kernels::linear_int8;
use crate::kernels::linear_int8::byte_product::OUTPUTS;
use crate::kernels::linear_int8::twin::Epilogue;
use crate::kernels::sum_slices_int8::View;

pub(crate) fn run(call: View<'_>) {
    let p = call.params;
    let (m, n, stride) = (p.m as usize, p.n as usize, p.out_stride as usize);
    let (per_word, slice) = (if p.coded == 1 { 4 } else { 1 }, m * n);
    let out = &mut call.out[p.out_base as usize..][..(m - 1) * stride + n.div_ceil(per_word)];
    let &[scale, zero_point] = call.quant.first_chunk().unwrap_or(&[0; 2]);
    let layer = linear_int8::Params {
        n: p.n,
        activation: p.activation,
        coded: p.coded,
        out_inverse: p.out_inverse,
        out_zero_point: p.out_zero_point,
        ..linear_int8::Params::default()
    };
    for (first, channels) in (0..n).step_by(OUTPUTS).zip(call.channels[..n].chunks(OUTPUTS)) {
        let epilogue = Epilogue::new(&layer, f32::from_bits(scale), zero_point, channels);
        for (row, out) in out.chunks_mut(stride).enumerate() {
            let mut sums = [0i32; OUTPUTS];
            for (i, (sum, channel)) in sums.iter_mut().zip(channels).enumerate() {
                let at = row * n + first + i;
                // of codes without a sign, which are 128 more
                *sum = channel.sum * 128;
                for s in 0..p.slices as usize {
                    *sum = sum.wrapping_add(call.slices[s * slice + at].cast_signed());
                }
            }
            let width = channels.len().div_ceil(per_word);
            epilogue.finish(&sums, &mut out[first / per_word..][..width]);
        }
    }
}
