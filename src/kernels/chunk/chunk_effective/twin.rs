//! Twin of `chunk_effective.wgsl`.

use rayon::prelude::*;

use crate::cpu::powers::power;
use crate::kernel::Call;
use crate::kernels::chunk_effective::Params;

pub(crate) fn run(mut call: Call<'_>) {
    let p: Params = call.params();
    let (len, chunks) = (p.len as usize, p.chunks as usize);
    let utility = &call.read::<f32>(0)[..len];
    let (touch, row_ids) = (call.read::<u32>(1), call.read::<u32>(2));
    let out = &mut call.write::<f32>(3)[p.out_first as usize..][..len];
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
