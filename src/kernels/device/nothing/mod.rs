//! What a dispatch costs by itself, for `roofline`.

#[cfg(feature = "testing")]
pub(crate) mod cases;
pub(crate) mod twin;

use crate::kernel::{Kernel, Parity, Shape, Variant, fragments, interface};

interface! {
    /// Uniform parameters.
    Params {
        /// Words that are written: none, for a dispatch that does nothing.
        written: u32,
    }
    Bindings {
        out: write [u32],
    }
}

pub(crate) static KERNEL: Kernel = Kernel {
    name: "nothing",
    about: "nothing, or ones",
    interface: INTERFACE,
    variants: &[Variant {
        name: "any",
        shape: Shape::Any,
        workgroup: 64,
        constants: &[],
        sources: fragments!["prelude/grid.wgsl", "device/nothing.wgsl"],
    }],
    parity: Parity::Bits,
    twin: |call| twin::run(call.into()),
    #[cfg(feature = "testing")]
    cases: cases::cases,
};
