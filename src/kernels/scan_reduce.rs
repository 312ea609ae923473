//! First half of the prefix sum.

use super::random::Random;
use crate::kernel::{Case, CaseBinding, Kernel, Parity, Shape, Variant, fragments, params, read, write};

params! {
    /// Uniform parameters, shared with `scan_apply`.
    Params {
        /// Values in all.
        len: u32,
        /// Values in a block.
        block: u32,
        /// 1: the sums hold what comes before each block.
        carry: u32,
    }
}

/// Values in a block.
pub(crate) const BLOCK: u32 = 2048;

/// Threads of the variants: a group takes one block, or a thread does.
pub(crate) const WIDE: u32 = 256;
pub(crate) const SERIAL: u32 = 8;

/// Groups for a number of blocks.
pub(crate) fn groups(shape: Shape, blocks: u32) -> u32 {
    if shape == Shape::Wide { blocks } else { blocks.div_ceil(SERIAL) }
}

pub(crate) static KERNEL: Kernel = Kernel {
    name: "scan_reduce",
    about: "the sum of each block of a prefix sum",
    bindings: &[read("values"), write("sums")],
    params: Params::LAYOUT,
    variants: &[
        Variant {
            name: "wide",
            shape: Shape::Wide,
            workgroup: WIDE,
            constants: &[],
            sources: fragments!["prelude/grid.wgsl", "prelude/scan_params.wgsl", "scan_reduce.wgsl"],
        },
        Variant {
            name: "serial",
            shape: Shape::Serial,
            workgroup: SERIAL,
            constants: &[],
            sources: fragments!["prelude/grid.wgsl", "prelude/scan_params.wgsl", "scan_reduce.serial.wgsl"],
        },
    ],
    parity: Parity::Bits,
    twin: crate::cpu::scan_reduce::run,
    cases: || cases(false),
};

/// Lengths around powers of two and blocks; `apply` for `scan_apply`, whose bindings are the other way round.
pub(crate) fn cases(apply: bool) -> Vec<Case> {
    let mut all = Vec::new();
    for len in [1u32, 2, 255, 256, 257, 2047, 2048, 2049, 4095, 65_537, 1_000_000] {
        let mut random = Random::new(u64::from(len));
        let values: Vec<u32> = (0..len).map(|_| random.below(1000)).collect();
        let blocks = len.div_ceil(BLOCK);
        let before: Vec<u32> = (0..blocks).map(|b| b * 31).collect();
        for (variant, shape) in [(0, Shape::Wide), (1, Shape::Serial)] {
            for carry in if apply { &[0, 1][..] } else { &[0] } {
                let params = Params { len, block: BLOCK, carry: *carry };
                let bindings = if apply {
                    vec![CaseBinding::ints(&before), CaseBinding::ints(&values)]
                } else {
                    vec![CaseBinding::ints(&values), CaseBinding::ints(&vec![7; before.len() + 3])]
                };
                let name = format!("n={len} carry={carry}");
                let case = Case::new(name, [variant], &params, bindings, groups(shape, blocks));
                let bytes = u64::from(len) * if apply { 8 } else { 4 };
                all.push(if len == 1_000_000 { case.bench(bytes, 0) } else { case });
            }
        }
    }
    all
}
