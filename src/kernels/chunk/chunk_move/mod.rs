//! Chunks that leave or come.

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
        /// The table's number.
        table: u32,
    }
    Bindings {
        places: read [u32],
        row_ids: read [u32],
        room: read [u32],
        free: write [u32],
        slots: write [u32],
        fresh: write [[u32; 4]],
    }
}

pub(crate) static KERNEL: Kernel = Kernel {
    name: "chunk_move",
    about: "slots of chunks that leave to the stack of free ones, or from there to those that come",
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
            "chunk/chunk_move.wgsl"
        ],
    }],
    parity: Parity::Bits,
    twin: |call| twin::run(call.into()),
    #[cfg(feature = "testing")]
    cases: cases::cases,
};
