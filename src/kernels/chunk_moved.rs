//! Counts after moves.

use crate::kernel::{Case, CaseBinding, Kernel, Parity, Shape, Variant, fragments, params, read, write};

params! {
    /// Uniform parameters.
    Params {
        /// Chunks of all tables' rows in use.
        len: u32,
        /// 1: those that came, 0: those that left.
        coming: u32,
        /// Slots that stay free.
        spare: u32,
    }
}

pub(crate) static KERNEL: Kernel = Kernel {
    name: "chunk_moved",
    about: "counts of what chunk_move did",
    bindings: &[read("places"), write("counts"), write("moved")],
    params: Params::LAYOUT,
    variants: &[Variant {
        name: "any",
        shape: Shape::Any,
        workgroup: 32,
        constants: &[],
        sources: fragments!["prelude/grid.wgsl", "chunk_moved.wgsl",],
    }],
    parity: Parity::Bits,
    twin: crate::cpu::chunk_moved::run,
    cases,
};

fn cases() -> Vec<Case> {
    [(0u32, 4u32), (1, 4), (1, 40)]
        .map(|(coming, free)| {
            let bindings = vec![
                CaseBinding::ints(&[0u32, 3, 9]),
                CaseBinding::ints(&[free, 5]),
                CaseBinding::ints(&[777u32]),
            ];
            Case::new(
                format!("coming={coming} free={free}"),
                [0],
                &Params { len: 2, coming, spare: 2 },
                bindings,
                1,
            )
        })
        .into()
}
