//! Counts of a directory.

use super::jagged_inputs::unwritten;
use crate::kernel::{Case, CaseBinding, Kernel, Parity, Shape, Variant, fragments, params, read, write};

params! {
    /// Uniform parameters.
    Params {
        /// Rows.
        capacity: u32,
    }
}

pub(crate) static KERNEL: Kernel = Kernel {
    name: "directory_count",
    about: "rows in use after new ids were admitted, and ids that found none",
    bindings: &[read("total"), write("counts"), write("admitted")],
    params: Params::LAYOUT,
    variants: &[Variant {
        name: "any",
        shape: Shape::Any,
        workgroup: 32,
        constants: &[],
        sources: fragments!["prelude/grid.wgsl", "directory_count.wgsl"],
    }],
    parity: Parity::Bits,
    twin: crate::cpu::directory_count::run,
    cases,
};

fn cases() -> Vec<Case> {
    [[0u32, 0, 0], [7, 40, 0], [7, 97, 0], [7, 97, 5], [7, 97, 30], [7, 100, 0]]
        .into_iter()
        .map(|[total, had, left]| {
            let bindings =
                vec![CaseBinding::ints(&[total]), CaseBinding::ints(&[had, left, 11]), unwritten(1)];
            let name = format!("{total} new, {had} of 100 had, {left} left");
            Case::new(name, [0], &Params { capacity: 100 }, bindings, 1)
        })
        .collect()
}
