//! Twin of `cross.wgsl`.

use crate::cpu::parallel;
use crate::cpu::simd::vectorised;
use crate::kernels::cross::View;
use crate::kernels::width::Width;

/// Rows that one task takes.
const ROWS: usize = 32;

pub(crate) fn run(call: View<'_>) {
    let p = call.params;
    let width = Width::of_variant(call.variant).columns();
    let values = |elements: u32| (elements * width) as usize;
    let (rows, cols) = (p.rows as usize, values(p.cols));
    let strides = [p.x0_stride, p.x_stride, p.product_stride, p.out_stride].map(values);
    let [x0_stride, x_stride, product_stride, out_stride] = strides;
    let span = |stride: usize| (rows - 1) * stride + cols;
    let x0 = &call.x0[values(p.x0_base)..][..span(x0_stride)];
    let x = &call.x[values(p.x_base)..][..span(x_stride)];
    let product = &call.product[values(p.product_base)..][..span(product_stride)];
    let bias = &call.bias[values(p.bias_base)..][..cols];
    let out = &mut call.out[values(p.out_base)..][..span(out_stride)];
    let skip = p.skip == 1;
    let tasks = out
        .chunks_mut(out_stride * ROWS)
        .zip(x0.chunks(x0_stride * ROWS))
        .zip(x.chunks(x_stride * ROWS))
        .zip(product.chunks(product_stride * ROWS));
    parallel::each(tasks, &|(((out, x0), x), product)| {
        vectorised(
            #[inline(always)]
            || {
                let rows = out
                    .chunks_mut(out_stride)
                    .zip(x0.chunks(x0_stride))
                    .zip(x.chunks(x_stride))
                    .zip(product.chunks(product_stride));
                for (((out, x0), x), product) in rows {
                    let inputs = x0[..cols].iter().zip(&x[..cols]).zip(&product[..cols]).zip(bias);
                    for (out, (((x0, x), product), bias)) in out[..cols].iter_mut().zip(inputs) {
                        let crossed = x0 * (product + bias);
                        *out = if skip { crossed + x } else { crossed };
                    }
                }
            },
        );
    });
}
