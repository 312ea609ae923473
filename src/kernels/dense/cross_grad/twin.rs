//! Twin of `cross_grad.wgsl`.

use crate::cpu::parallel;
use crate::cpu::simd::vectorised;
use crate::kernels::cross_grad::View;
use crate::kernels::width::Width;

/// Rows that one task takes.
const ROWS: usize = 32;

pub(crate) fn run(call: View<'_>) {
    let p = call.params;
    let width = Width::of_variant(call.variant).columns();
    let values = |elements: u32| (elements * width) as usize;
    let (rows, cols) = (p.rows as usize, values(p.cols));
    let strides = [p.grad_stride, p.x0_stride, p.product_stride].map(values);
    let [grad_stride, x0_stride, product_stride] = strides;
    let [product_grad_stride, x0_grad_stride] = [p.product_grad_stride, p.x0_grad_stride].map(values);
    let span = |stride: usize| (rows - 1) * stride + cols;
    let grad = &call.grad[values(p.grad_base)..][..span(grad_stride)];
    let x0 = &call.x0[values(p.x0_base)..][..span(x0_stride)];
    let product = &call.product[values(p.product_base)..][..span(product_stride)];
    let bias = &call.bias[values(p.bias_base)..][..cols];
    let product_grad = &mut call.product_grad[values(p.product_grad_base)..][..span(product_grad_stride)];
    let x0_grad = &mut call.x0_grad[values(p.x0_grad_base)..][..span(x0_grad_stride)];
    let tasks = product_grad
        .chunks_mut(product_grad_stride * ROWS)
        .zip(x0_grad.chunks_mut(x0_grad_stride * ROWS))
        .zip(grad.chunks(grad_stride * ROWS))
        .zip(x0.chunks(x0_stride * ROWS))
        .zip(product.chunks(product_stride * ROWS));
    parallel::each(tasks, &|((((product_grad, x0_grad), grad), x0), product)| {
        vectorised(
            #[inline(always)]
            || {
                let rows = product_grad
                    .chunks_mut(product_grad_stride)
                    .zip(x0_grad.chunks_mut(x0_grad_stride))
                    .zip(grad.chunks(grad_stride))
                    .zip(x0.chunks(x0_stride))
                    .zip(product.chunks(product_stride));
                for ((((product_grad, x0_grad), grad), x0), product) in rows {
                    let outputs = product_grad[..cols].iter_mut().zip(&mut x0_grad[..cols]);
                    let inputs = grad[..cols].iter().zip(&x0[..cols]).zip(&product[..cols]).zip(bias);
                    for ((product_grad, x0_grad), (((grad, x0), product), bias)) in outputs.zip(inputs) {
                        *product_grad = grad * x0;
                        let sum = grad * (product + bias);
                        let sum = if p.through == 1 { sum + grad } else { sum };
                        *x0_grad = if p.accumulate == 1 { *x0_grad + sum } else { sum };
                    }
                }
            },
        );
    });
}
