//! Twin of `jagged_to_dense.wgsl`.

use crate::cpu::parallel;
use crate::kernels::jagged_to_dense::View;
use crate::kernels::width::Width;

/// Dense rows that one task fills.
const ROWS: usize = 64;

pub(crate) fn run(call: View<'_>) {
    let p = call.params;
    let width = Width::of_variant(call.variant).columns() as usize;
    if call.status.refused() {
        return;
    }
    let begins = &call.begins[p.first as usize..];
    let (values, dense) = (call.values, call.dense);
    let elements = |count: u32| count as usize * width;
    let (dim, stride) = (elements(p.dim), elements(p.dense_stride));
    let dense = &mut dense[elements(p.dense_base)..];
    let end = (p.rows as usize * stride).min(dense.len());
    parallel::pieces(&mut dense[..end], stride * ROWS, &|task, dense| {
        for (dense, segment) in dense.chunks_mut(stride).zip(task * ROWS..) {
            let (begin, end) = (begins[segment] as usize, begins[segment + 1] as usize);
            let places = dense.chunks_exact_mut(dim).take(p.longest as usize);
            for (place, out) in places.enumerate() {
                if place < end - begin {
                    let first = elements(p.values_base) + (begin + place) * elements(p.values_stride);
                    out.copy_from_slice(&values[first..][..dim]);
                } else {
                    out.fill(p.padding);
                }
            }
        }
    });
}
