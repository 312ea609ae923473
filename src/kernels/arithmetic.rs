//! What a device can compute, for `roofline`.

use super::jagged_inputs::unwritten;
use crate::kernel::{Case, Kernel, Parity, Shape, Variant, fragments, params, write};

/// Chains of a thread, and steps of a round.
pub(crate) const CHAINS: usize = 16;
pub(crate) const STEPS: u32 = 4;

params! {
    /// Uniform parameters.
    Params {
        threads: u32,
        /// Of [`STEPS`] each.
        rounds: u32,
        /// What each step multiplies by and adds.
        factor: f32,
        term: f32,
    }
}

pub(crate) static KERNEL: Kernel = Kernel {
    name: "arithmetic",
    about: "chains of products and sums that do not wait for each other",
    bindings: &[write("out")],
    params: Params::LAYOUT,
    variants: &[Variant {
        name: "any",
        shape: Shape::Any,
        workgroup: 256,
        constants: &[],
        sources: fragments!["prelude/grid.wgsl", "arithmetic.wgsl"],
    }],
    parity: Parity::Bits,
    twin: crate::cpu::arithmetic::run,
    cases,
};

fn cases() -> Vec<Case> {
    let case = |&(threads, rounds, term): &(u32, u32, f32)| {
        // whole numbers that f32 holds, fused or not
        let params = Params { threads, rounds, factor: 1.0, term };
        let name = format!("{threads} threads x {rounds} rounds");
        let case = Case::new(name, [0], &params, vec![unwritten(threads)], threads.div_ceil(256));
        let flops = u64::from(threads) * u64::from(rounds * STEPS) * 2 * CHAINS as u64;
        if threads > 1000 { case.bench(u64::from(threads) * 4, flops) } else { case }
    };
    // the last one is enough for the largest GPUs: 2 GFLOP
    [(1, 0, 1.0), (3, 1, 2.0), (300, 5, -3.0), (1 << 17, 128, 1.0)].iter().map(case).collect()
}
