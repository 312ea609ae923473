//! Twin of `chunk_effective.wgsl`.

use rayon::prelude::*;

use super::powers::power;
use crate::kernel::Call;
use crate::kernels::chunk_effective::Params;

pub(crate) fn run(mut call: Call<'_>) {
    let p: Params = call.params();
    let (len, chunks) = (p.len as usize, p.chunks as usize);
    let utility = &call.read::<f32>(0)[p.first_chunk as usize..][..len];
    let stamps = &call.read::<u32>(1)[p.first_row as usize..];
    let out = &mut call.write::<f32>(2)[p.out_first as usize..][..len];
    let rows = out.par_chunks_mut(chunks).zip(utility.par_chunks(chunks)).zip(stamps).with_min_len(1024);
    rows.for_each(|((out, utility), &stamp)| {
        let left = power(p.decay, p.step - stamp);
        for (out, utility) in out.iter_mut().zip(utility) {
            *out = utility * left;
        }
    });
}
