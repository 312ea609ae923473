//! First values of chunks.

#[cfg(feature = "testing")]
pub(crate) mod cases;
pub(crate) mod twin;

use crate::kernel::{Kernel, Parity, Shape, Variant, fragments, interface};

interface! {
    /// Uniform parameters.
    Params {
        /// No fewer than are fresh.
        len: u32,
        /// Slots of the window.
        first_slot: u32,
        slots: u32,
        /// Where its weights begin, and values of a chunk.
        base: u32,
        width: u32,
        /// Where its state begins, and words of a chunk.
        state_base: u32,
        state_width: u32,
        /// What the values are made of.
        seed: u32,
        /// Their bound.
        scale: f32,
        /// Element type of the weights.
        store_type: u32,
    }
    Bindings {
        fresh: read [[u32; 4]],
        fresh_count: read [u32],
        weights: write [u32],
        state: write [u32],
    }
}

pub(crate) static KERNEL: Kernel = Kernel {
    name: "chunk_reset",
    about: "values of fresh chunks, whose state becomes 0",
    interface: INTERFACE,
    variants: &[Variant {
        name: "any",
        shape: Shape::Any,
        workgroup: 256,
        constants: &[],
        sources: fragments![
            "prelude/grid.wgsl",
            "prelude/random.wgsl",
            "prelude/types.wgsl",
            "chunk/chunk_reset.wgsl"
        ],
    }],
    parity: Parity::Bits,
    twin: |call| twin::run(call.into()),
    #[cfg(feature = "testing")]
    cases: cases::cases,
};
