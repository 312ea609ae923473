//! Twin of `sum_slices.wgsl`.

use crate::cpu::parallel;
use crate::cpu::simd::vectorised;
use crate::kernels::linear::twin::finish;
use crate::kernels::sum_slices::View;

pub(crate) fn run(call: View<'_>) {
    let p = call.params;
    let (m, n, stride) = (p.m as usize, p.n as usize, p.out_stride as usize);
    let slices = call.slices;
    let bias = if p.biased == 1 { &call.bias[p.bias_base as usize..][..n] } else { &[] };
    let out = &mut call.out[p.out_base as usize..][..(m - 1) * stride + n];
    parallel::pieces(out, stride, &|row, out| {
        vectorised(
            #[inline(always)]
            || {
                let mut sum = slices[row * n..][..n].to_vec();
                for slice in 1..p.slices as usize {
                    for (sum, value) in sum.iter_mut().zip(&slices[(slice * m + row) * n..][..n]) {
                        *sum += value;
                    }
                }
                if p.accumulate == 2 {
                    // before the bias, which the product adds last
                    sum.iter_mut().zip(&*out).for_each(|(sum, out)| *sum += out);
                }
                finish(p.activation, bias, &mut sum);
                for (out, sum) in out.iter_mut().zip(sum) {
                    *out = if p.accumulate == 1 { *out + sum } else { sum };
                }
            },
        );
    });
}
