//! Chunks that are to leave or to come.

use super::chunk_room::{COME, FOLLOW, LEAVE, YIELD};
use super::chunk_slots::mixed_slots;
use super::jagged_inputs::unwritten;
use super::random::Random;
use crate::kernel::{Case, CaseBinding, Kernel, Parity, Shape, Variant, fragments, params, read, write};

params! {
    /// Uniform parameters.
    Params {
        /// Chunks of the table's rows, and of one.
        len: u32,
        chunks: u32,
        /// Of the table among those of all tables.
        first: u32,
        /// Of an adjustment, as [`super::chunk_room`] has them.
        stage: u32,
        /// What comes must be worth so many times the threshold.
        margin: f32,
        /// The table's threshold, or the first of one for each chunk of a row.
        threshold: u32,
        by_column: u32,
    }
}

pub(crate) static KERNEL: Kernel = Kernel {
    name: "chunk_marks",
    about: "which chunks leave or come, by a threshold",
    bindings: &[read("effective"), read("thresholds"), read("slots"), write("marks")],
    params: Params::LAYOUT,
    variants: &[Variant {
        name: "any",
        shape: Shape::Any,
        workgroup: 256,
        constants: &[],
        sources: fragments![
            "prelude/grid.wgsl",
            "prelude/chunks.wgsl",
            "prelude/chunk_stages.wgsl",
            "chunk_marks.wgsl"
        ],
    }],
    parity: Parity::Bits,
    twin: crate::cpu::chunk_marks::run,
    cases,
};

fn cases() -> Vec<Case> {
    let mut all = Vec::new();
    for (rows, chunks, by_column) in [(1u32, 1u32, 0), (75, 4, 0), (75, 4, 1), (100_000, 4, 0)] {
        for (stage, margin) in [(LEAVE, 1.25), (YIELD, 1.25), (COME, 1.25), (COME, 1.0), (FOLLOW, 1.0)] {
            let mut random = Random::new(19);
            let len = rows * chunks;
            // in steps, so that some are as large as the threshold
            let effective: Vec<f32> = (0..3 + len).map(|_| random.below(9) as f32).collect();
            let params = Params { len, chunks, first: 3, stage, margin, threshold: 1, by_column };
            let bindings = vec![
                CaseBinding::floats(&effective),
                CaseBinding::floats(&[9.0, 4.0, 3.0, 5.0, 2.0]),
                CaseBinding::ints(&mixed_slots(len)),
                unwritten(4 + len),
            ];
            let name = format!("{rows} x {chunks} stage {stage} margin={margin} by_column={by_column}");
            let case = Case::new(name, [0], &params, bindings, (len + 1).div_ceil(256));
            all.push(if rows == 100_000 { case.bench(u64::from(len) * 12, 0) } else { case });
        }
    }
    all
}
