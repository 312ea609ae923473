//! Chunks that are to leave or to come.

#[cfg(feature = "testing")]
pub(crate) mod cases;
pub(crate) mod twin;

use crate::kernel::{Kernel, Parity, Shape, Variant, fragments, interface};

interface! {
    /// Uniform parameters.
    Params {
        /// Chunks of the table's rows, and of one.
        len: u32,
        chunks: u32,
        /// Of the table among those of all tables.
        first: u32,
        /// Of an adjustment, as [`crate::kernels::chunk_room`] has them.
        stage: u32,
        /// What comes must be worth this many times the threshold.
        margin: f32,
        /// The table's threshold, or the first of one for each chunk of a row.
        threshold: u32,
        by_column: u32,
    }
    Bindings {
        effective: read [f32],
        thresholds: read [f32],
        slots: read [u32],
        marks: write [u32],
    }
}

pub(crate) static KERNEL: Kernel = Kernel {
    name: "chunk_marks",
    about: "which chunks leave or come, by a threshold",
    interface: INTERFACE,
    variants: &[Variant {
        name: "any",
        shape: Shape::Any,
        workgroup: 256,
        constants: &[],
        sources: fragments![
            "prelude/grid.wgsl",
            "prelude/chunks.wgsl",
            "prelude/chunk_stages.wgsl",
            "chunk/chunk_marks.wgsl"
        ],
    }],
    parity: Parity::Bits,
    twin: |call| twin::run(call.into()),
    #[cfg(feature = "testing")]
    cases: cases::cases,
};
