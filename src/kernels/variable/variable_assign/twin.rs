//! Twin of `variable_assign.wgsl`.

use std::sync::atomic::Ordering::Relaxed;

use rayon::prelude::*;

use crate::cpu::atomic::as_atomic;
use crate::kernel::Call;
use crate::kernels::part::{Part, Term, find_part};
use crate::kernels::variable_assign::Params;

pub(crate) fn run(mut call: Call<'_>) {
    let p: Params = call.params();
    let parts = &call.read::<Part>(0)[..p.parts as usize];
    let keys = &call.read::<u32>(1)[..p.len as usize];
    let (terms, values) = (call.read::<Term>(2), call.read::<u32>(3));
    // each row is written once
    let rows = as_atomic(call.write::<u32>(4));
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
