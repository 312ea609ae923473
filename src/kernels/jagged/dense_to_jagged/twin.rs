//! Twin of `dense_to_jagged.wgsl`.

use crate::cpu::parallel;
use crate::cpu::segments::segments_of;
use crate::kernels::dense_to_jagged::View;
use crate::kernels::width::Width;

/// Rows of values that one task fills.
const ROWS: usize = 2048;

pub(crate) fn run(call: View<'_>) {
    let p = call.params;
    let width = Width::of_variant(call.variant).columns() as usize;
    if call.status.refused() {
        return;
    }
    let begins = &call.begins[..=p.segments as usize];
    let (dense, values) = (call.dense, call.values);
    let elements = |count: u32| count as usize * width;
    let (dim, stride) = (elements(p.dim), elements(p.values_stride));
    let values = &mut values[elements(p.values_base)..];
    let end = (p.len as usize * stride).min(values.len());
    parallel::pieces(&mut values[..end], stride * ROWS, &|task, values| {
        let first = task * ROWS;
        let range = first..(p.len as usize).min(first + ROWS);
        for (segment, part) in segments_of(begins, range) {
            let Some(row) = segment.checked_sub(p.first as usize).filter(|&row| row < p.rows as usize) else {
                continue;
            };
            let dense = dense.get(elements(p.dense_base) + row * elements(p.dense_stride)..).unwrap_or(&[]);
            for at in part {
                let out = &mut values[(at - first) * stride..][..dim];
                let place = at - begins[segment] as usize;
                if place < p.longest as usize {
                    out.copy_from_slice(&dense[place * dim..][..dim]);
                } else {
                    out.fill(0.0);
                }
            }
        }
    });
}
