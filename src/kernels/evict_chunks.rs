//! Slots of rows that leave.

use super::chunk_slots::mixed_slots;
use super::evict_marks::leaving;
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
    name: "evict_chunks",
    about: "slots of rows that leave to the stack of free ones",
    bindings: &[
        read("credit"),
        read("rows"),
        read("places"),
        read("free_count"),
        write("free"),
        write("slots"),
        write("utility"),
    ],
    params: Params::LAYOUT,
    variants: &[Variant {
        name: "any",
        shape: Shape::Any,
        workgroup: 256,
        constants: &[],
        sources: fragments!["prelude/grid.wgsl", "prelude/chunks.wgsl", "evict_chunks.wgsl"],
    }],
    parity: Parity::Bits,
    twin: crate::cpu::evict_chunks::run,
    cases,
};

fn cases() -> Vec<Case> {
    let mut all = Vec::new();
    for (len, stay, chunks) in [(1u32, 0u32, 1u32), (70, 12, 3), (70, 70, 4), (20_000, 300, 4)] {
        let [credit, rows] = leaving(len, stay);
        let slots = mixed_slots((2 * len + 1) * chunks);
        let mut places = vec![0];
        for (&credit, &row) in credit.iter().zip(&rows) {
            for slot in &slots[(row * chunks) as usize..][..chunks as usize] {
                places.push(places[places.len() - 1] + u32::from(credit != NONE && *slot != NONE));
            }
        }
        let bindings = vec![
            CaseBinding::ints(&credit),
            CaseBinding::ints(&rows),
            CaseBinding::ints(&places),
            CaseBinding::ints(&[4u32]),
            unwritten(4 + len * chunks),
            CaseBinding::ints(&slots),
            CaseBinding::floats(&vec![0.5; slots.len()]),
        ];
        let name = format!("{len} x {chunks}, {stay} stay");
        let case = Case::new(name, [0], &Params { len, chunks }, bindings, (len * chunks).div_ceil(256));
        all.push(if len == 20_000 { case.bench(u64::from(len * chunks) * 16, 0) } else { case });
    }
    all
}
