//! Twin of `gather_words.wgsl`.

use std::sync::atomic::Ordering::Relaxed;

use rayon::prelude::*;

use crate::cpu::atomic::as_atomic;
use crate::kernel::Call;
use crate::kernels::feature::Status;
use crate::kernels::gather_words::Params;

/// Words that one task takes.
const WORDS: usize = 8192;

pub(crate) fn run(mut call: Call<'_>) {
    let p: Params = call.params();
    if call.read::<Status>(0)[0].refused() {
        return;
    }
    let (positions, source) = (&call.read::<u32>(1)[..p.len as usize], call.read::<u32>(2));
    let out = call.write::<u32>(3);
    if p.inverse == 1 {
        let out = as_atomic(out);
        positions.par_iter().zip(0..p.len).with_min_len(WORDS).for_each(|(&position, i)| {
            out[position as usize].store(i, Relaxed);
        });
    } else {
        positions.par_chunks(WORDS).zip(out.par_chunks_mut(WORDS)).for_each(|(positions, out)| {
            for (&position, out) in positions.iter().zip(out) {
                *out = source[position as usize];
            }
        });
    }
}
