//! Twin of `add_rows.wgsl`.

use crate::cpu::parallel;
use crate::cpu::simd::vectorised;
use crate::kernels::add_rows::View;
use crate::kernels::width::Width;

/// Targets that one task takes.
const ROWS: usize = 256;

pub(crate) fn run(call: View<'_>) {
    let p = call.params;
    let width = Width::of_variant(call.variant).columns() as usize;
    let (first, len) = (p.first as usize, p.len as usize);
    let (rows, counts) = (&call.rows[first..][..len], &call.counts[first..][..len]);
    let values = call.values;
    let (out_first, out_rows) = (p.out_first as usize, p.out_rows as usize);
    let targets = &call.targets[..p.targets as usize][out_first..][..out_rows];
    let (out, totals) = (call.out, call.totals);
    let elements = |count: u32| count as usize * width;
    let (dim, stride, out_stride) = (elements(p.dim), elements(p.values_stride), elements(p.out_stride));
    let (values, out) = (&values[elements(p.values_base)..], &mut out[elements(p.out_base)..]);
    let end = (out_rows * out_stride).min(out.len());
    let outs = out[..end].chunks_mut(out_stride * ROWS);
    let totals = totals[out_first..][..out_rows].chunks_mut(ROWS);
    parallel::each(targets.chunks(ROWS).zip(totals).zip(outs), &|((targets, totals), out)| {
        // both ascend; rows that are NONE are above all targets
        let mut i = rows.partition_point(|&row| row < targets[0]);
        vectorised(
            #[inline(always)]
            || {
                for ((out, total), &target) in out.chunks_mut(out_stride).zip(totals).zip(targets) {
                    while i < len && rows[i] < target {
                        i += 1;
                    }
                    if i == len || rows[i] != target || target == u32::MAX {
                        continue;
                    }
                    *total = total.saturating_add(counts[i].max(1));
                    for (out, value) in out[..dim].iter_mut().zip(&values[i * stride..][..dim]) {
                        *out += value * p.factor;
                    }
                }
            },
        );
    });
}
