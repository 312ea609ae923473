//! What rows are kept for.

use super::random::Random;
use crate::kernel::{Case, CaseBinding, Kernel, Parity, Shape, Variant, fragments, params, read, write};

params! {
    /// Uniform parameters.
    Params {
        /// Rows, and chunks of one.
        len: u32,
        chunks: u32,
        /// One of the constants below.
        policy: u32,
        /// The step that it is.
        step: u32,
        /// What a step leaves of utilities.
        decay: f32,
        /// Of the age, for a count by distance.
        power: f32,
        /// Words of a row in `touch`.
        words: u32,
    }
}

/// How often a row occurred, or when it came.
pub(crate) const WORD: u32 = 0;
/// When it was last changed.
pub(crate) const RECENT: u32 = 1;
/// How often it occurred, by a power of the time since it was last changed.
pub(crate) const DISTANCE: u32 = 2;
/// The sum of its chunks' utilities.
pub(crate) const UTILITY: u32 = 3;

pub(crate) static KERNEL: Kernel = Kernel {
    name: "evict_credit",
    about: "what each row of a table is kept for",
    bindings: &[read("row_ids"), read("touch"), read("utility"), write("credit")],
    params: Params::LAYOUT,
    variants: &[Variant {
        name: "any",
        shape: Shape::Any,
        workgroup: 256,
        constants: &[],
        sources: fragments![
            "prelude/grid.wgsl",
            "prelude/chunks.wgsl",
            "prelude/powers.wgsl",
            "evict_credit.wgsl"
        ],
    }],
    parity: Parity::Bits,
    twin: crate::cpu::evict_credit::run,
    cases,
};

fn cases() -> Vec<Case> {
    let mut all = Vec::new();
    for (rows, chunks) in [(1u32, 1u32), (70, 3), (50_000, 4)] {
        for policy in [WORD, RECENT, DISTANCE, UTILITY] {
            let mut random = Random::new(31);
            let words = if policy == WORD || policy == DISTANCE { 2 } else { 1 };
            let ids: Vec<u32> = (0..rows).map(|_| random.below(5)).collect();
            let mut touch: Vec<u32> = (0..rows * words).map(|_| random.below(101)).collect();
            // as long ago as can be
            touch.iter_mut().step_by(22).for_each(|stamp| *stamp = 101);
            let utility: Vec<f32> =
                random.floats((rows * chunks) as usize).into_iter().map(f32::abs).collect();
            let params = Params { len: rows, chunks, policy, step: 100, decay: 0.99, power: 0.75, words };
            let bindings = vec![
                CaseBinding::ints(&ids),
                CaseBinding::ints(&touch),
                CaseBinding::floats(&utility),
                CaseBinding::mixed(&vec![0x7777_7777u32; rows as usize]),
            ];
            let name = format!("{rows} x {chunks} policy={policy}");
            let case = Case::new(name, [0], &params, bindings, rows.div_ceil(256));
            let bench = (rows, policy) == (50_000, UTILITY);
            all.push(if bench { case.bench(u64::from(rows) * 28, 0) } else { case });
        }
    }
    all
}
