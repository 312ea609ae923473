//! Twin of `top_k_order.wgsl`.

use std::cmp::Reverse;

use crate::cpu::parallel;
use crate::kernels::top_k::twin::ordered;
use crate::kernels::top_k_order::View;

/// Rows that one task takes.
const ROWS: usize = 16;

pub(crate) fn run(call: View<'_>) {
    let p = call.params;
    let (rows, k, stride) = (p.rows as usize, p.k as usize, p.values_stride as usize);
    let values = &mut call.values[p.values_base as usize..][..(rows - 1) * stride + k];
    let tasks = values
        .chunks_mut(stride * ROWS)
        .zip(call.columns[p.columns_base as usize..].chunks_mut(k * ROWS))
        .enumerate();
    parallel::each(tasks, &|(task, (values, columns))| {
        let outs = values.chunks_mut(stride).zip(columns.chunks_mut(k));
        for (row, (values, columns)) in (task * ROWS..rows).zip(outs) {
            let found_values = &call.found_values[row * k..][..k];
            let found_columns = &call.found_columns[row * k..][..k];
            let mut order: Vec<usize> = (0..k).collect();
            order.sort_by_key(|&i| Reverse(ordered(found_values[i])));
            for ((value, column), i) in values.iter_mut().zip(columns).zip(order) {
                (*value, *column) = (found_values[i], found_columns[i]);
            }
        }
    });
}
