//! The cases of `arithmetic`.

use super::*;
use crate::kernel::Case;
use crate::kernels::jagged_inputs::unwritten;

pub(crate) fn cases() -> Vec<Case> {
    let case = |&(threads, rounds, term): &(u32, u32, f32)| {
        // whole numbers that f32 holds, fused or not
        let params = Params { threads, rounds, factor: 1.0, term };
        let name = format!("{threads} threads x {rounds} rounds");
        let case = Case::new(name, [0], &params, Bindings { out: unwritten(threads) }, threads.div_ceil(256));
        let flops = u64::from(threads) * u64::from(rounds * STEPS) * 2 * CHAINS as u64;
        if threads > 1000 { case.bench(u64::from(threads) * 4, flops) } else { case }
    };
    // the last one is enough for the largest GPUs: 2 GFLOP
    [(1, 0, 1.0), (3, 1, 2.0), (300, 5, -3.0), (1 << 17, 128, 1.0)].iter().map(case).collect()
}
