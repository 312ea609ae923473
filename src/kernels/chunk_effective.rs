//! Utilities as they are now.

use super::random::Random;
use crate::kernel::{Case, CaseBinding, Kernel, Parity, Shape, Variant, fragments, params, read, write};

params! {
    /// Uniform parameters.
    Params {
        /// Chunks of all rows in use.
        len: u32,
        /// Chunks of a row.
        chunks: u32,
        /// The table's first chunk and row.
        first_chunk: u32,
        first_row: u32,
        /// Where the output begins.
        out_first: u32,
        /// The step that it is.
        step: u32,
        /// What a step leaves.
        decay: f32,
    }
}

pub(crate) static KERNEL: Kernel = Kernel {
    name: "chunk_effective",
    about: "what time has left of each chunk's utility",
    bindings: &[read("utility"), read("stamps"), write("out")],
    params: Params::LAYOUT,
    variants: &[Variant {
        name: "any",
        shape: Shape::Any,
        workgroup: 256,
        constants: &[],
        sources: fragments!["prelude/grid.wgsl", "prelude/powers.wgsl", "chunk_effective.wgsl",],
    }],
    parity: Parity::Bits,
    twin: crate::cpu::chunk_effective::run,
    cases,
};

fn cases() -> Vec<Case> {
    let mut all = Vec::new();
    for (rows, chunks, decay) in [(1u32, 1u32, 0.5), (70, 4, 0.999), (70, 3, 1.0), (200_000, 4, 0.999)] {
        let mut random = Random::new(17);
        let len = rows * chunks;
        let params = Params { len, chunks, first_chunk: 2, first_row: 3, out_first: 1, step: 100, decay };
        let utility: Vec<f32> = random.floats((2 + len) as usize).into_iter().map(f32::abs).collect();
        let stamps: Vec<u32> = (0..3 + rows).map(|_| random.below(101)).collect();
        let bindings = vec![
            CaseBinding::floats(&utility),
            CaseBinding::ints(&stamps),
            CaseBinding::poisoned((1 + len) as usize),
        ];
        let case =
            Case::new(format!("{rows} x {chunks} decay={decay}"), [0], &params, bindings, len.div_ceil(256));
        all.push(if rows == 200_000 { case.bench(u64::from(len) * 8, 0) } else { case });
    }
    all
}
