//! Twin of `copy_words.wgsl`.

use crate::cpu::parallel;
use crate::kernels::copy_words::View;

/// Vectors that a thread copies at a time.
const AT_A_TIME: usize = 1 << 14;

pub(crate) fn run(call: View<'_>) {
    let quads = call.params.quads as usize;
    let source = &call.source[..quads];
    parallel::pieces(&mut call.out[..quads], AT_A_TIME, &|piece, out: &mut [[u32; 4]]| {
        let begin = piece * AT_A_TIME;
        out.copy_from_slice(&source[begin..begin + out.len()]);
    });
}
