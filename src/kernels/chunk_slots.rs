//! Slots of the chunks of rows.

use super::feature::NONE;
use super::jagged_inputs::unwritten;
use super::random::Random;
use crate::kernel::{Case, CaseBinding, Kernel, Parity, Shape, Variant, fragments, params, read, write};

params! {
    /// Uniform parameters.
    Params {
        /// Rows.
        len: u32,
        /// Chunks of a row.
        chunks: u32,
        /// The table's first.
        first_chunk: u32,
        /// Where the output begins.
        out_first: u32,
    }
}

pub(crate) static KERNEL: Kernel = Kernel {
    name: "chunk_slots",
    about: "the slots of each row's chunks, a chunk of all rows after the other",
    bindings: &[read("rows"), read("slots"), write("out")],
    params: Params::LAYOUT,
    variants: &[Variant {
        name: "any",
        shape: Shape::Any,
        workgroup: 256,
        constants: &[],
        sources: fragments!["prelude/grid.wgsl", "prelude/chunks.wgsl", "chunk_slots.wgsl",],
    }],
    parity: Parity::Bits,
    twin: crate::cpu::chunk_slots::run,
    cases,
};

/// Slots of so many chunks in a mixed order, every fourth of them without one.
pub(super) fn mixed_slots(chunks: u32) -> Vec<u32> {
    // odd numbers below a power of two permute its numbers
    let room = chunks.next_power_of_two();
    (0..chunks).map(|u| if u % 4 == 1 { NONE } else { u.wrapping_mul(2_654_435_761) % room }).collect()
}

fn cases() -> Vec<Case> {
    let mut all = Vec::new();
    for (len, rows, chunks) in [(1u32, 1u32, 1u32), (300, 40, 4), (100_000, 20_000, 8)] {
        let mut random = Random::new(3);
        let ids: Vec<u32> =
            (0..len).map(|_| if random.below(9) == 0 { NONE } else { random.below(rows) }).collect();
        let params = Params { len, chunks, first_chunk: 5, out_first: 3 };
        let bindings = vec![
            CaseBinding::ints(&ids),
            CaseBinding::ints(&mixed_slots(5 + rows * chunks)),
            unwritten(3 + len * chunks),
        ];
        let case =
            Case::new(format!("{len} of {rows} x {chunks}"), [0], &params, bindings, len.div_ceil(256));
        all.push(if len == 100_000 { case.bench(u64::from(len * chunks) * 8, 0) } else { case });
    }
    all
}
