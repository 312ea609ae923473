//! Rows of a directory that leave.

use super::evict_marks::leaving;
use super::jagged_inputs::unwritten;
use crate::kernel::{Case, CaseBinding, Kernel, Parity, Shape, Variant, fragments, params, read, write};

params! {
    /// Uniform parameters.
    Params {
        /// Rows that leave, as far as they may.
        len: u32,
        /// Rows that were left before.
        before: u32,
    }
}

pub(crate) static KERNEL: Kernel = Kernel {
    name: "directory_leave",
    about: "rows that leave are nobody's, and free",
    bindings: &[read("credit"), read("rows"), write("row_ids"), write("left"), write("gone")],
    params: Params::LAYOUT,
    variants: &[Variant {
        name: "any",
        shape: Shape::Any,
        workgroup: 256,
        constants: &[],
        sources: fragments!["prelude/grid.wgsl", "prelude/chunks.wgsl", "directory_leave.wgsl"],
    }],
    parity: Parity::Bits,
    twin: crate::cpu::directory_leave::run,
    cases,
};

fn cases() -> Vec<Case> {
    let mut all = Vec::new();
    for (len, stay) in [(1u32, 0u32), (1, 1), (70, 12), (70, 70), (20_000, 300)] {
        let [credit, rows] = leaving(len, stay);
        let bindings = vec![
            CaseBinding::ints(&credit),
            CaseBinding::ints(&rows),
            unwritten(2 * len + 1),
            unwritten(len + 5),
            unwritten(1),
        ];
        let name = format!("{len}, {stay} stay");
        let case = Case::new(name, [0], &Params { len, before: 4 }, bindings, len.div_ceil(256));
        all.push(if len == 20_000 { case.bench(u64::from(len) * 16, 0) } else { case });
    }
    all
}
