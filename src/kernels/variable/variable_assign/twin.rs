//! Twin of `variable_assign.wgsl`.

use std::sync::atomic::Ordering::Relaxed;

use crate::cpu::atomic::as_atomic;
use crate::cpu::parallel;
use crate::kernels::part::find_part;
use crate::kernels::variable_assign::View;

/// Positions that one task takes.
const POSITIONS: usize = 256;

pub(crate) fn run(call: View<'_>) {
    let p = call.params;
    let parts = &call.parts[..p.parts as usize];
    let keys = &call.keys[..p.len as usize];
    let (terms, values) = (call.terms, call.values);
    // each row is written once
    let rows = as_atomic(call.rows);
    parallel::each(keys.chunks(POSITIONS).enumerate(), &|(task, some)| {
        for (i, &key) in (task * POSITIONS..).zip(some) {
            if key < p.key_begin || key >= p.key_end || keys.get(i + 1) == Some(&key) {
                continue;
            }
            let part = find_part(parts, key);
            let (dim, from) = (part.dim as usize, terms[i][0] as usize);
            let to = part.base as usize + (key - part.key_first) as usize * part.stride as usize;
            for (row, &value) in rows[to..to + dim].iter().zip(&values[from..from + dim]) {
                row.store(value, Relaxed);
            }
        }
    });
}
