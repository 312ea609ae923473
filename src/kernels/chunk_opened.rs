//! Counts after new rows.

use crate::kernel::{Case, CaseBinding, Kernel, Parity, Shape, Variant, fragments, params, read, write};

params! {
    /// Uniform parameters.
    Params {
        /// Chunks of a row.
        chunks: u32,
        /// The table's number.
        table: u32,
    }
}

pub(crate) static KERNEL: Kernel = Kernel {
    name: "chunk_opened",
    about: "counts of what chunk_open did",
    bindings: &[read("known"), write("counts"), write("fresh_count")],
    params: Params::LAYOUT,
    variants: &[Variant {
        name: "any",
        shape: Shape::Any,
        workgroup: 32,
        constants: &[],
        sources: fragments!["prelude/grid.wgsl", "chunk_opened.wgsl",],
    }],
    parity: Parity::Bits,
    twin: crate::cpu::chunk_opened::run,
    cases,
};

fn cases() -> Vec<Case> {
    [("all", 40u32), ("too few slots", 11), ("no slots", 0)]
        .map(|(name, free)| {
            let bindings = vec![
                CaseBinding::ints(&[9u32, 0]),
                CaseBinding::ints(&[free, 99, 4]),
                CaseBinding::ints(&[777u32]),
            ];
            Case::new(name, [0], &Params { chunks: 4, table: 1 }, bindings, 1)
        })
        .into()
}
