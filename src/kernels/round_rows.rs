//! Matrices rounded to 16 bits.

use super::random::Random;
use super::types::{TYPE_BF16, TYPE_F16};
use crate::kernel::{Case, CaseBinding, Kernel, Parity, Shape, Variant, fragments, params, read, write};

params! {
    /// Uniform parameters.
    Params {
        /// Words to write, and those of a row.
        words: u32,
        row_words: u32,
        cols: u32,
        /// Where the source begins, and from row to row.
        source_base: u32,
        source_stride: u32,
        /// The first word.
        out_base: u32,
        /// Element type of the output.
        out_type: u32,
    }
}

pub(crate) static KERNEL: Kernel = Kernel {
    name: "round_rows",
    about: "out[r][c] = source[r][c] in 16 bits, to the nearest",
    bindings: &[read("source"), write("out")],
    params: Params::LAYOUT,
    variants: &[Variant {
        name: "any",
        shape: Shape::Any,
        workgroup: 64,
        constants: &[],
        sources: fragments!["prelude/grid.wgsl", "prelude/types.wgsl", "round_rows.wgsl"],
    }],
    parity: Parity::Bits,
    twin: crate::cpu::round_rows::run,
    cases,
};

fn cases() -> Vec<Case> {
    let mut random = Random::new(6);
    let mut all = Vec::new();
    for (rows, cols, gap) in [(1u32, 1u32, 0u32), (3, 5, 2), (65, 7, 1), (300, 16, 0), (2048, 512, 0)] {
        for out_type in [TYPE_F16, TYPE_BF16] {
            let row_words = cols.div_ceil(2);
            let params = Params {
                words: rows * row_words,
                row_words,
                cols,
                source_base: gap,
                source_stride: cols + gap,
                out_base: 3,
                out_type,
            };
            // values of all sizes, those beyond the type and below its smallest among them
            let len = gap + rows * (cols + gap);
            let values: Vec<f32> =
                (0..len).map(|k| random.float() * [1.0, 1e-6, 1e5, 1e-8][k as usize % 4]).collect();
            let bindings =
                vec![CaseBinding::floats(&values), CaseBinding::ints(&vec![7u32; params.words as usize + 5])];
            let name = format!("{rows}x{cols} gap={gap} type={out_type}");
            let case = Case::new(name, [0], &params, bindings, params.words.div_ceil(64));
            let bytes = u64::from(rows * cols) * 6;
            all.push(if rows == 2048 { case.bench(bytes, 0) } else { case });
        }
    }
    all
}
