//! Ids that were seen often enough.

use super::directory_sight::unknown;
use super::random::Random;
use crate::kernel::{Case, CaseBinding, Kernel, Parity, Shape, Variant, fragments, params, read, write};

params! {
    /// Uniform parameters.
    Params {
        /// Positions.
        len: u32,
        /// Counters of each half of the sketch.
        width: u32,
        /// Times that an id must have been seen.
        least: u32,
    }
}

pub(crate) static KERNEL: Kernel = Kernel {
    name: "directory_sift",
    about: "ids that were not seen often enough are struck out",
    bindings: &[read("counters"), write("unknown")],
    params: Params::LAYOUT,
    variants: &[Variant {
        name: "any",
        shape: Shape::Any,
        workgroup: 256,
        constants: &[],
        sources: fragments![
            "prelude/grid.wgsl",
            "prelude/random.wgsl",
            "prelude/chunks.wgsl",
            "prelude/sketch.wgsl",
            "directory_sift.wgsl"
        ],
    }],
    parity: Parity::Bits,
    twin: crate::cpu::directory_sift::run,
    cases,
};

fn cases() -> Vec<Case> {
    let mut all = Vec::new();
    for (len, width) in [(1u32, 1u32), (300, 40), (100_000, 20_000)] {
        let mut random = Random::new(56);
        let counters: Vec<u32> = (0..2 * width).map(|_| random.below(6)).collect();
        let bindings = vec![CaseBinding::ints(&counters), CaseBinding::ints(&unknown(len))];
        let params = Params { len, width, least: 3 };
        let case = Case::new(format!("{len} in {width}"), [0], &params, bindings, len.div_ceil(256));
        all.push(if len == 100_000 { case.bench(u64::from(len) * 12, 0) } else { case });
    }
    all
}
