//! Counts of chunks that left or came.

use super::jagged_inputs::unwritten;
use crate::kernel::{Case, CaseBinding, Kernel, Parity, Shape, Variant, fragments, params, read, write};

params! {
    /// Uniform parameters.
    Params {
        /// Chunks of all tables' rows.
        len: u32,
        /// 1: those that came, 0: those that left.
        coming: u32,
        /// Slots that stay free.
        spare: u32,
    }
}

pub(crate) static KERNEL: Kernel = Kernel {
    name: "chunk_moved",
    about: "how many chunks left or came, and how many slots are free then",
    bindings: &[read("places"), write("free_count"), write("moved")],
    params: Params::LAYOUT,
    variants: &[Variant {
        name: "any",
        shape: Shape::Any,
        workgroup: 32,
        constants: &[],
        sources: fragments!["prelude/grid.wgsl", "chunk_moved.wgsl"],
    }],
    parity: Parity::Bits,
    twin: crate::cpu::chunk_moved::run,
    cases,
};

fn cases() -> Vec<Case> {
    [(0u32, 4u32), (1, 1), (1, 4), (1, 40)]
        .map(|(coming, free)| {
            let bindings = vec![CaseBinding::ints(&[0u32, 3, 9]), CaseBinding::ints(&[free]), unwritten(1)];
            let params = Params { len: 2, coming, spare: 2 };
            Case::new(format!("coming={coming} free={free}"), [0], &params, bindings, 1)
        })
        .into()
}
