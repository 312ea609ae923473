//! Chunks that leave or come.

use super::chunk_slots::mixed_slots;
use super::jagged_inputs::unwritten;
use super::random::Random;
use crate::kernel::{Case, CaseBinding, Kernel, Parity, Shape, Variant, fragments, params, read, write};

params! {
    /// Uniform parameters.
    Params {
        /// Chunks of the table's rows in use.
        len: u32,
        /// The table's first.
        first_chunk: u32,
        /// Of the table among those of all tables.
        first: u32,
        /// 1: those that come, 0: those that leave.
        coming: u32,
        /// What comes must be worth so many times the threshold.
        margin: f32,
    }
}

pub(crate) static KERNEL: Kernel = Kernel {
    name: "chunk_marks",
    about: "1 for each chunk that leaves, or comes, by a threshold of utility",
    bindings: &[read("effective"), read("threshold"), read("slots"), write("marks")],
    params: Params::LAYOUT,
    variants: &[Variant {
        name: "any",
        shape: Shape::Any,
        workgroup: 256,
        constants: &[],
        sources: fragments!["prelude/grid.wgsl", "prelude/chunks.wgsl", "chunk_marks.wgsl",],
    }],
    parity: Parity::Bits,
    twin: crate::cpu::chunk_marks::run,
    cases,
};

fn cases() -> Vec<Case> {
    let mut all = Vec::new();
    for len in [1u32, 300, 400_000] {
        for coming in [0, 1] {
            let mut random = Random::new(19);
            // in steps, so that some are as large as the threshold
            let effective: Vec<f32> = (0..3 + len).map(|_| random.below(9) as f32).collect();
            let params = Params { len, first_chunk: 2, first: 3, coming, margin: 1.25 };
            let bindings = vec![
                CaseBinding::floats(&effective),
                CaseBinding::floats(&[4.0]),
                CaseBinding::ints(&mixed_slots(2 + len)),
                unwritten(4 + len),
            ];
            let case =
                Case::new(format!("{len} coming={coming}"), [0], &params, bindings, (len + 1).div_ceil(256));
            all.push(if len == 400_000 { case.bench(u64::from(len) * 12, 0) } else { case });
        }
    }
    all
}
