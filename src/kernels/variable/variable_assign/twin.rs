//! Twin of `variable_assign.wgsl`.

use std::sync::atomic::Ordering::Relaxed;

use rayon::prelude::*;

use crate::cpu::atomic::as_atomic;
use crate::kernels::part::find_part;
use crate::kernels::variable_assign::View;

pub(crate) fn run(call: View<'_>) {
    let p = call.params;
    let parts = &call.parts[..p.parts as usize];
    let keys = &call.keys[..p.len as usize];
    let (terms, values) = (call.terms, call.values);
    // each row is written once
    let rows = as_atomic(call.rows);
    keys.par_iter().with_min_len(256).enumerate().for_each(|(i, &key)| {
        if key < p.key_begin || key >= p.key_end || keys.get(i + 1) == Some(&key) {
            return;
        }
        let part = find_part(parts, key);
        let (dim, from) = (part.dim as usize, terms[i][0] as usize);
        let to = part.base as usize + (key - part.key_first) as usize * part.stride as usize;
        for (row, &value) in rows[to..to + dim].iter().zip(&values[from..from + dim]) {
            row.store(value, Relaxed);
        }
    });
}
