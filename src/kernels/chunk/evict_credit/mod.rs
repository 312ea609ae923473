//! What rows are kept for.

#[cfg(feature = "testing")]
pub(crate) mod cases;
pub(crate) mod twin;

use crate::kernel::{Kernel, Parity, Shape, Variant, fragments, interface};

interface! {
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
    Bindings {
        row_ids: read [u32],
        /// Of each row the step that it was last changed in, and what else it is kept for.
        touch: read [u32],
        utility: read [f32],
        credit: write [u32],
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
    interface: INTERFACE,
    variants: &[Variant {
        name: "any",
        shape: Shape::Any,
        workgroup: 256,
        constants: &[],
        sources: fragments![
            "prelude/grid.wgsl",
            "prelude/chunks.wgsl",
            "prelude/powers.wgsl",
            "chunk/evict_credit.wgsl"
        ],
    }],
    parity: Parity::Bits,
    twin: |call| twin::run(call.into()),
    #[cfg(feature = "testing")]
    cases: cases::cases,
};
