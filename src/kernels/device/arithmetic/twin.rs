//! Twin of `arithmetic.wgsl`.

use crate::cpu::parallel;
use crate::cpu::simd::fused;
use crate::kernels::arithmetic::{CHAINS, Params, STEPS, View};

/// Threads of the shader whose chains are worked on together: as many as vector registers hold.
const TOGETHER: usize = 8;

pub(crate) fn run(call: View<'_>) {
    let params = call.params;
    let out = &mut call.out[..params.threads as usize];
    parallel::pieces(out, TOGETHER, &|_, out| {
        // the other twins go without, for their sums
        fused(
            #[inline(always)]
            |there| chains(params, out, there),
        );
    });
}

/// Every run of [`TOGETHER`] threads begins with the same numbers.
#[inline(always)]
fn chains(Params { rounds, factor, term, .. }: Params, out: &mut [f32], fused: bool) {
    let mut all: [f32; TOGETHER * CHAINS] = std::array::from_fn(|i| (i / CHAINS + i % CHAINS) as f32);
    for _ in 0..rounds * STEPS {
        for x in &mut all {
            *x = if fused { x.mul_add(factor, term) } else { *x * factor + term };
        }
    }
    for (out, chains) in out.iter_mut().zip(all.chunks(CHAINS)) {
        // whole numbers, in whatever order
        *out = chains.iter().sum();
    }
}
