//! Keys and terms of gradients that have been summed.

use super::jagged_inputs::{status, unwritten};
use crate::kernel::{Case, CaseBinding, Kernel, Parity, Shape, Variant, fragments, params, read, write};

params! {
    /// Uniform parameters.
    Params {
        /// Rows that are looked at.
        len: u32,
        /// The first of them.
        first: u32,
        /// Element of the first row's gradient, and elements from row to row.
        base: u32,
        stride: u32,
    }
}

pub(crate) static KERNEL: Kernel = Kernel {
    name: "row_terms",
    about: "keys, numbers of occurrences and a term for each row of a gradient",
    bindings: &[read("status"), read("rows"), read("counts"), write("keys"), write("terms")],
    params: Params::LAYOUT,
    variants: &[Variant {
        name: "any",
        shape: Shape::Any,
        workgroup: 256,
        constants: &[],
        sources: fragments!["prelude/grid.wgsl", "prelude/status.wgsl", "row_terms.wgsl"],
    }],
    parity: Parity::Bits,
    twin: crate::cpu::row_terms::run,
    cases,
};

fn cases() -> Vec<Case> {
    let mut all = Vec::new();
    for (len, first, refused) in
        [(1, 0, false), (257, 0, false), (100, 64, false), (300, 0, true), (300_000, 0, false)]
    {
        let rows: Vec<u32> = (0..first + len).map(|i| i * 3).collect();
        let counts: Vec<u32> = (0..first + len).map(|i| i % 4).collect();
        let bindings = vec![
            status(refused),
            CaseBinding::ints(&rows),
            CaseBinding::ints(&counts),
            unwritten(len * 2),
            unwritten(len * 2),
        ];
        let params = Params { len, first, base: 9, stride: 20 };
        let name = format!("n={len} first={first} refused={refused}");
        let case = Case::new(name, [0], &params, bindings, len.div_ceil(256));
        all.push(if len == 300_000 { case.bench(u64::from(len) * 24, 0) } else { case });
    }
    all
}
