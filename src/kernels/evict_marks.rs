//! Chunks of rows that leave.

use super::chunk_slots::mixed_slots;
use super::feature::NONE;
use super::jagged_inputs::unwritten;
use crate::kernel::{Case, CaseBinding, Kernel, Parity, Shape, Variant, fragments, params, read, write};

params! {
    /// Uniform parameters.
    Params {
        /// Rows that leave, as far as they may.
        len: u32,
        /// Chunks of a row.
        chunks: u32,
    }
}

pub(crate) static KERNEL: Kernel = Kernel {
    name: "evict_marks",
    about: "chunks with slots of rows that leave",
    bindings: &[read("credit"), read("rows"), read("slots"), write("marks")],
    params: Params::LAYOUT,
    variants: &[Variant {
        name: "any",
        shape: Shape::Any,
        workgroup: 256,
        constants: &[],
        sources: fragments!["prelude/grid.wgsl", "prelude/chunks.wgsl", "evict_marks.wgsl"],
    }],
    parity: Parity::Bits,
    twin: crate::cpu::evict_marks::run,
    cases,
};

/// Sorted numbers of which the last are of rows that stay, and rows in no order.
pub(super) fn leaving(len: u32, stay: u32) -> [Vec<u32>; 2] {
    let credit = (0..len).map(|i| if i + stay < len { i / 3 } else { NONE }).collect();
    [credit, (0..len).map(|i| (len - i) * 2).collect()]
}

fn cases() -> Vec<Case> {
    let mut all = Vec::new();
    for (len, stay, chunks) in [(1u32, 0u32, 1u32), (70, 12, 3), (70, 70, 4), (20_000, 300, 4)] {
        let [credit, rows] = leaving(len, stay);
        let bindings = vec![
            CaseBinding::ints(&credit),
            CaseBinding::ints(&rows),
            CaseBinding::ints(&mixed_slots((2 * len + 1) * chunks)),
            unwritten(len * chunks + 1),
        ];
        let name = format!("{len} x {chunks}, {stay} stay");
        let case = Case::new(name, [0], &Params { len, chunks }, bindings, (len * chunks + 1).div_ceil(256));
        all.push(if len == 20_000 { case.bench(u64::from(len * chunks) * 8, 0) } else { case });
    }
    all
}
