//! Twin of `gather_words.wgsl`.

use std::sync::atomic::Ordering::Relaxed;

use crate::cpu::atomic::as_atomic;
use crate::cpu::parallel;
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
        parallel::each(positions.chunks(WORDS).zip((0..p.len).step_by(WORDS)), &|(positions, first)| {
            for (&position, i) in positions.iter().zip(first..) {
                out[position as usize].store(i, Relaxed);
            }
        });
    } else {
        parallel::each(positions.chunks(WORDS).zip(out.chunks_mut(WORDS)), &|(positions, out)| {
            for (&position, out) in positions.iter().zip(out) {
                *out = source[position as usize];
            }
        });
    }
}
