//! Utilities of chunks.

#[cfg(feature = "testing")]
pub(crate) mod cases;
pub(crate) mod twin;

use crate::kernel::{Kernel, Parity, Shape, Variant, fragments, interface};

interface! {
    /// Uniform parameters.
    Params {
        /// No fewer than the rows that occurred.
        len: u32,
        /// Chunks of a row.
        chunks: u32,
        /// Values of a chunk.
        width: u32,
        /// The step that it is.
        step: u32,
        /// Of the number of occurrences, in halves.
        exponent: u32,
        /// What a step leaves.
        decay: f32,
        /// Words of a row in `touch`.
        words: u32,
        /// 1: the second of them counts occurrences.
        counting: u32,
    }
    Bindings {
        rows: read [u32],
        total: read [u32],
        /// The sum of each row's gradient, and its number of occurrences.
        sums: read [f32] as "array<vec4<f32>>",
        occurrences: read [u32],
        utility: write [f32],
        /// Of each row the step that it was last changed in, and what it is kept for if rows leave.
        touch: write [u32],
    }
}

pub(crate) static KERNEL: Kernel = Kernel {
    name: "chunk_utility",
    about: "a step's utility of each chunk: a power of the frequency times the norm of the gradient",
    interface: INTERFACE,
    variants: &[Variant {
        name: "any",
        shape: Shape::Any,
        workgroup: 64,
        constants: &[],
        sources: fragments![
            "prelude/grid.wgsl",
            "prelude/powers.wgsl",
            "prelude/norm.wgsl",
            "chunk/chunk_utility.wgsl"
        ],
    }],
    parity: Parity::Bits,
    twin: |call| twin::run(call.into()),
    #[cfg(feature = "testing")]
    cases: cases::cases,
};
