//! Chunks that leave or come.

#[cfg(feature = "testing")]
pub(crate) mod cases;
pub(crate) mod twin;

use crate::kernel::{Kernel, Parity, Shape, Variant, fragments, params, read, write};

params! {
    /// Uniform parameters.
    Params {
        /// Chunks of the table's rows, and of one.
        len: u32,
        chunks: u32,
        /// Of the table among those of all tables.
        first: u32,
        /// Of an adjustment, as [`crate::kernels::chunk_room`] has them.
        stage: u32,
        /// The table's number.
        table: u32,
    }
}

pub(crate) static KERNEL: Kernel = Kernel {
    name: "chunk_move",
    about: "slots of chunks that leave to the stack of free ones, or from there to those that come",
    bindings: &[read("places"), read("row_ids"), read("room"), write("free"), write("slots"), write("fresh")],
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
            "chunk/chunk_move.wgsl"
        ],
    }],
    parity: Parity::Bits,
    twin: twin::run,
    #[cfg(feature = "testing")]
    cases: cases::cases,
};
