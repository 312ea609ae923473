//! Twin of `add_scaled.wgsl`.

use crate::cpu::parallel;
use crate::cpu::simd::vectorised;
use crate::kernels::add_scaled::{ADDEND_B, ADDEND_OUT, View};
use crate::kernels::width::Width;

/// Rows that one task takes.
const ROWS: usize = 32;

pub(crate) fn run(call: View<'_>) {
    let p = call.params;
    let width = Width::of_variant(call.variant).columns();
    let values = |elements: u32| (elements * width) as usize;
    let (rows, cols) = (p.rows as usize, values(p.cols));
    let (a_stride, b_stride, stride) = (values(p.a_stride), values(p.b_stride), values(p.out_stride));
    let out = &mut call.out[values(p.out_base)..][..(rows - 1) * stride + cols];
    parallel::pieces(out, stride * ROWS, &|task, out| {
        vectorised(
            #[inline(always)]
            || {
                for (row, out) in (task * ROWS..).zip(out.chunks_mut(stride)) {
                    let out = &mut out[..cols];
                    let a = &call.a[values(p.a_base) + row * a_stride..][..cols];
                    match p.addend {
                        ADDEND_B => {
                            let b = &call.b[values(p.b_base) + row * b_stride..][..cols];
                            for ((out, a), b) in out.iter_mut().zip(a).zip(b) {
                                *out = p.factor * a + b;
                            }
                        }
                        ADDEND_OUT => {
                            out.iter_mut().zip(a).for_each(|(out, a)| *out += p.factor * a);
                        }
                        _ => out.iter_mut().zip(a).for_each(|(out, a)| *out = p.factor * a),
                    }
                }
            },
        );
    });
}
