//! Rows that do not leave.

use super::feature::NONE;
use super::random::Random;
use crate::kernel::{Case, CaseBinding, Kernel, Parity, Shape, Variant, fragments, params, read, write};

params! {
    /// Uniform parameters.
    Params {
        /// Ids of the table's feature, and the first of them.
        len: u32,
        first: u32,
    }
}

pub(crate) static KERNEL: Kernel = Kernel {
    name: "evict_protect",
    about: "rows of a batch do not leave",
    bindings: &[read("rows"), write("credit")],
    params: Params::LAYOUT,
    variants: &[Variant {
        name: "any",
        shape: Shape::Any,
        workgroup: 256,
        constants: &[],
        sources: fragments!["prelude/grid.wgsl", "prelude/chunks.wgsl", "evict_protect.wgsl"],
    }],
    parity: Parity::Bits,
    twin: crate::cpu::evict_protect::run,
    cases,
};

fn cases() -> Vec<Case> {
    let mut all = Vec::new();
    for (len, rows) in [(1u32, 1u32), (300, 90), (100_000, 50_000)] {
        let mut random = Random::new(37);
        let listed: Vec<u32> =
            (0..3 + len).map(|_| if random.below(4) == 0 { NONE } else { random.below(rows) }).collect();
        let bindings = vec![CaseBinding::ints(&listed), CaseBinding::ints(&vec![5u32; rows as usize])];
        let case = Case::new(
            format!("{len} of {rows}"),
            [0],
            &Params { len, first: 3 },
            bindings,
            len.div_ceil(256),
        );
        all.push(if len == 100_000 { case.bench(u64::from(len) * 8, 0) } else { case });
    }
    all
}
