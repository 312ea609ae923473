//! How full a directory is.

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
    about: "rows of a directory in use, and ids that found none",
    bindings: &[read("total"), write("counts")],
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
    [("fits", 7u32, [10u32, 0u32]), ("does not", 30, [10, 4]), ("full", 30, [32, 4])]
        .map(|(name, total, counts)| {
            let bindings = vec![CaseBinding::ints(&[total]), CaseBinding::ints(&counts)];
            Case::new(name, [0], &Params { capacity: 32 }, bindings, 1)
        })
        .into()
}
