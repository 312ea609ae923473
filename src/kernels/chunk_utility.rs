//! Utilities of chunks.

use super::random::Random;
use crate::kernel::{Case, CaseBinding, Kernel, Parity, Shape, Variant, fragments, params, read, write};

params! {
    /// Uniform parameters.
    Params {
        /// No fewer than the rows that occurred.
        len: u32,
        /// Chunks of a row.
        chunks: u32,
        /// Values of a chunk.
        width: u32,
        /// The step that it is.
        step: u32,
        /// Of the number of occurrences, in halves.
        exponent: u32,
        /// What a step leaves.
        decay: f32,
        /// Words of a row in `touch`.
        words: u32,
        /// 1: the second of them counts occurrences.
        counting: u32,
    }
}

pub(crate) static KERNEL: Kernel = Kernel {
    name: "chunk_utility",
    about: "a step's utility of each chunk: a power of the frequency times the norm of the gradient",
    bindings: &[
        read("rows"),
        read("total"),
        read("sums"),
        read("occurrences"),
        write("utility"),
        write("touch"),
    ],
    params: Params::LAYOUT,
    variants: &[Variant {
        name: "any",
        shape: Shape::Any,
        workgroup: 64,
        constants: &[],
        sources: fragments![
            "prelude/grid.wgsl",
            "prelude/powers.wgsl",
            "prelude/norm.wgsl",
            "chunk_utility.wgsl"
        ],
    }],
    parity: Parity::Bits,
    twin: crate::cpu::chunk_utility::run,
    cases,
};

fn cases() -> Vec<Case> {
    let mut all = Vec::new();
    for (occurred, table_rows, chunks, width) in
        [(1u32, 1u32, 1u32, 4u32), (50, 80, 3, 8), (20_000, 50_000, 4, 16)]
    {
        for (exponent, decay, words, counting) in [(0, 1.0, 1, 0), (1, 0.999, 2, 0), (2, 0.5, 2, 1)] {
            let mut random = Random::new(13);
            let rows: Vec<u32> = (0..occurred).map(|i| i * (table_rows / occurred)).collect();
            let counts: Vec<u32> = (0..occurred).map(|_| 1 + random.below(40)).collect();
            let mut touch: Vec<u32> = (0..words * table_rows).map(|_| random.below(30)).collect();
            if counting == 1 {
                // counts that are nearly full
                touch.iter_mut().skip(1).step_by(10).for_each(|count| *count = u32::MAX - 9);
            }
            let mut sums = random.floats((occurred * chunks * width) as usize);
            // gradients whose squares are infinite, and one that is longer than the largest float
            sums.iter_mut().step_by(37).for_each(|value| *value *= 1e25);
            sums[..4].fill(f32::MAX);
            let utility: Vec<f32> =
                random.floats((table_rows * chunks) as usize).into_iter().map(f32::abs).collect();
            let len = occurred + 9;
            let params = Params { len, chunks, width, step: 30, exponent, decay, words, counting };
            let bindings = vec![
                CaseBinding::ints(&rows),
                CaseBinding::ints(&[occurred]),
                CaseBinding::floats(&sums),
                CaseBinding::ints(&counts),
                CaseBinding::floats(&utility),
                CaseBinding::ints(&touch),
            ];
            let name = format!("{occurred} rows exponent={exponent}");
            let case = Case::new(name, [0], &params, bindings, len.div_ceil(64));
            let values = u64::from(occurred * chunks * width);
            let bench = (occurred, exponent) == (20_000, 1);
            all.push(if bench { case.bench(values * 4, values * 2) } else { case });
        }
    }
    all
}
