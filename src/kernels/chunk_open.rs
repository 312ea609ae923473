//! Chunks of new rows.

use super::jagged_inputs::unwritten;
use crate::kernel::{Case, CaseBinding, Kernel, Parity, Shape, Variant, fragments, params, read, write};

params! {
    /// Uniform parameters.
    Params {
        /// No fewer than the new rows.
        len: u32,
        /// Chunks of a row.
        chunks: u32,
        /// The table's first.
        first_chunk: u32,
        /// The table's number.
        table: u32,
    }
}

pub(crate) static KERNEL: Kernel = Kernel {
    name: "chunk_open",
    about: "slots for the chunks of new rows, from the stack of free ones",
    bindings: &[read("known"), read("row_ids"), read("counts"), read("free"), write("slots"), write("fresh")],
    params: Params::LAYOUT,
    variants: &[Variant {
        name: "any",
        shape: Shape::Any,
        workgroup: 256,
        constants: &[],
        sources: fragments!["prelude/grid.wgsl", "chunk_open.wgsl",],
    }],
    parity: Parity::Bits,
    twin: crate::cpu::chunk_open::run,
    cases,
};

fn cases() -> Vec<Case> {
    let mut all = Vec::new();
    for (name, known, opened, len, free, chunks) in [
        ("all", 9u32, 4u32, 7u32, 40u32, 4u32),
        ("too few slots", 9, 4, 7, 11, 4),
        ("no slots", 9, 4, 7, 0, 4),
        ("nothing new", 9, 9, 7, 11, 4),
        ("large", 60_000, 10_000, 80_000, 300_000, 4),
    ] {
        let ids: Vec<u32> = (0..known).map(|row| row * 77 + 5).collect();
        let stack: Vec<u32> = (0..free.max(1)).map(|i| i * 3 % 100_003).collect();
        let params = Params { len, chunks, first_chunk: 2, table: 1 };
        let bindings = vec![
            CaseBinding::ints(&[known, 0]),
            CaseBinding::ints(&ids),
            CaseBinding::ints(&[free, 99, opened]),
            CaseBinding::ints(&stack),
            unwritten(2 + known * chunks),
            unwritten(4 * len * chunks),
        ];
        let case = Case::new(name, [0], &params, bindings, (len * chunks).div_ceil(256));
        all.push(if name == "large" { case.bench(200_000 * 24, 0) } else { case });
    }
    all
}
