//! Twin of `chunk_effective.wgsl`.

use rayon::prelude::*;

use crate::cpu::powers::power;
use crate::kernels::chunk_effective::View;

pub(crate) fn run(call: View<'_>) {
    let p = call.params;
    let (len, chunks) = (p.len as usize, p.chunks as usize);
    let utility = &call.utility[..len];
    let (touch, row_ids) = (call.touch, call.row_ids);
    let out = &mut call.out[p.out_first as usize..][..len];
    let rows = touch.par_chunks_exact(p.words as usize).zip(row_ids);
    out.par_chunks_mut(chunks).zip(utility.par_chunks(chunks)).zip(rows).with_min_len(1024).for_each(
        |((out, utility), (touch, &id))| {
            if id == 0 {
                out.fill(-1.0);
                return;
            }
            let left = power(p.decay, p.step.wrapping_sub(touch[0]));
            for (out, utility) in out.iter_mut().zip(utility) {
                *out = utility * left;
            }
        },
    );
}
