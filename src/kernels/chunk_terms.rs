//! Terms of chunks whose gradients have been summed.

use super::jagged_inputs::unwritten;
use super::random::Random;
use crate::kernel::{Case, CaseBinding, Kernel, Parity, Shape, Variant, fragments, params, read, write};

params! {
    /// Uniform parameters.
    Params {
        /// Rows, and chunks of a row.
        len: u32,
        chunks: u32,
        /// Columns of a chunk.
        width: u32,
    }
}

pub(crate) static KERNEL: Kernel = Kernel {
    name: "chunk_terms",
    about: "sorted chunks with a term for each, and how often their rows occurred",
    bindings: &[read("sorted"), read("positions"), read("occurrences"), write("keys"), write("terms")],
    params: Params::LAYOUT,
    variants: &[Variant {
        name: "any",
        shape: Shape::Any,
        workgroup: 256,
        constants: &[],
        sources: fragments!["prelude/grid.wgsl", "chunk_terms.wgsl"],
    }],
    parity: Parity::Bits,
    twin: crate::cpu::chunk_terms::run,
    cases,
};

fn cases() -> Vec<Case> {
    let mut all = Vec::new();
    for (len, chunks, width) in [(1u32, 1u32, 4u32), (70, 3, 16), (50_000, 4, 16)] {
        let mut random = Random::new(61);
        let count = len * chunks;
        let sorted: Vec<u32> = (0..count).map(|i| i * 2 + 1).collect();
        // each once
        let positions: Vec<u32> = (0..count).map(|i| count - 1 - i).collect();
        let occurrences: Vec<u32> = (0..len).map(|_| random.below(5)).collect();
        let bindings = vec![
            CaseBinding::ints(&sorted),
            CaseBinding::ints(&positions),
            CaseBinding::ints(&occurrences),
            unwritten(2 * count),
            unwritten(2 * count),
        ];
        let name = format!("{len} x {chunks}");
        let case = Case::new(name, [0], &Params { len, chunks, width }, bindings, count.div_ceil(256));
        all.push(if len == 50_000 { case.bench(u64::from(count) * 28, 0) } else { case });
    }
    all
}
