//! Counts of chunks of new rows.

use super::jagged_inputs::unwritten;
use crate::kernel::{Case, CaseBinding, Kernel, Parity, Shape, Variant, fragments, params, read, write};

params! {
    /// Uniform parameters.
    Params {
        /// Chunks of a row.
        chunks: u32,
    }
}

pub(crate) static KERNEL: Kernel = Kernel {
    name: "chunk_opened",
    about: "free slots after the chunks of new rows got theirs, and how many did",
    bindings: &[read("admitted"), write("free_count"), write("fresh_count")],
    params: Params::LAYOUT,
    variants: &[Variant {
        name: "any",
        shape: Shape::Any,
        workgroup: 32,
        constants: &[],
        sources: fragments!["prelude/grid.wgsl", "chunk_opened.wgsl"],
    }],
    parity: Parity::Bits,
    twin: crate::cpu::chunk_opened::run,
    cases,
};

fn cases() -> Vec<Case> {
    [("all", 5u32, 40u32), ("too few slots", 5, 11), ("no slots", 5, 0), ("nothing new", 0, 11)]
        .map(|(name, admitted, free)| {
            let bindings = vec![CaseBinding::ints(&[admitted]), CaseBinding::ints(&[free]), unwritten(1)];
            Case::new(name, [0], &Params { chunks: 4 }, bindings, 1)
        })
        .into()
}
