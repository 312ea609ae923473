//! Slots for chunks that leave or come.

#[cfg(feature = "testing")]
pub(crate) mod cases;
pub(crate) mod twin;

use crate::kernel::{Kernel, Parity, Shape, Variant, fragments, interface};

/// Stages of an adjustment: those leave that are worth less than the threshold.
pub(crate) const LEAVE: u32 = 0;

/// Those worth as much leave, as far as others that are worth more find no slot.
pub(crate) const YIELD: u32 = 1;

/// Those come that are worth more.
pub(crate) const COME: u32 = 2;

/// Those come that are worth as much.
pub(crate) const FOLLOW: u32 = 3;

/// Whether chunks get slots in a stage; else they lose them.
pub(crate) fn is_coming(stage: u32) -> bool {
    stage >= COME
}

interface! {
    /// Uniform parameters.
    Params {
        /// Chunks of all tables' rows.
        len: u32,
        stage: u32,
        /// Slots that stay free, if as many are before chunks yield.
        spare: u32,
    }
    Bindings {
        places: read [u32],
        /// Exclusive sums of the marks of those that come, of use if chunks yield to them.
        comers: read [u32],
        free_count: write [u32],
        /// How many chunks came so far and how many left, slots for more that come.
        progress: write [u32],
        /// Marked ones that stay where they are, those that move, free slots before, those that came before.
        room: write [u32],
    }
}

pub(crate) static KERNEL: Kernel = Kernel {
    name: "chunk_room",
    about: "how many chunks leave or come, and which places of the stack of free slots are theirs",
    interface: INTERFACE,
    variants: &[Variant {
        name: "any",
        shape: Shape::Any,
        workgroup: 32,
        constants: &[],
        sources: fragments!["prelude/grid.wgsl", "prelude/chunk_stages.wgsl", "chunk/chunk_room.wgsl"],
    }],
    parity: Parity::Bits,
    twin: |call| twin::run(call.into()),
    #[cfg(feature = "testing")]
    cases: cases::cases,
};
