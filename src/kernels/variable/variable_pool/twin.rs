//! Twin of `variable_pool.wgsl`.

use crate::cpu::parallel;
use crate::cpu::simd::vectorised;
use crate::kernels::part::find_part;
use crate::kernels::variable_pool::View;
use crate::kernels::width::Width;

/// Bags that one task takes.
const BAGS: usize = 32;

pub(crate) fn run(call: View<'_>) {
    let p = call.params;
    let width = Width::of_variant(call.variant).columns() as usize;
    let parts = &call.parts[..p.parts as usize];
    let (keys, bags, rows) = (call.keys, call.bags, call.rows);
    let out = call.out;
    let elements = |count: u32| count as usize * width;
    let (cols, stride) = (elements(p.cols), elements(p.out_stride));
    if p.bags == 0 || cols == 0 {
        return;
    }
    let out = &mut out[elements(p.out_base)..][..(p.bags as usize - 1) * stride + cols];
    let tasks = out.chunks_mut(stride * BAGS).zip(bags[..p.bags as usize].chunks(BAGS)).enumerate();
    parallel::each(tasks, &|(task, (out, first))| {
        vectorised(
            #[inline(always)]
            || {
                let mut sum = vec![0.0f32; cols];
                for (k, out) in out.chunks_mut(stride).take(first.len()).enumerate() {
                    let bag = bags[task * BAGS + k] as usize..bags[task * BAGS + k + 1] as usize;
                    sum.fill(0.0);
                    for &key in &keys[bag.clone()] {
                        if key < p.key_begin || key >= p.key_end {
                            continue;
                        }
                        let part = find_part(parts, key);
                        let from =
                            part.base as usize + (key - part.key_first) as usize * part.stride as usize;
                        for (sum, value) in sum.iter_mut().zip(&rows[from..from + part.dim as usize]) {
                            *sum += value;
                        }
                    }
                    for (out, &sum) in out[..cols].iter_mut().zip(&sum) {
                        let sum = if p.mean == 1 && bag.len() > 1 { sum / bag.len() as f32 } else { sum };
                        *out = if p.initial == 1 { sum } else { sum + *out };
                    }
                }
            },
        );
    });
}
