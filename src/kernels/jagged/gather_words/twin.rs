//! Twin of `gather_words.wgsl`.

use std::sync::atomic::Ordering::Relaxed;

use rayon::prelude::*;

use crate::cpu::atomic::as_atomic;
use crate::kernels::gather_words::View;

/// Words that one task takes.
const WORDS: usize = 8192;

pub(crate) fn run(call: View<'_>) {
    let p = call.params;
    if call.status.refused() {
        return;
    }
    let (positions, source) = (&call.positions[..p.len as usize], call.source);
    let out = call.out;
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
