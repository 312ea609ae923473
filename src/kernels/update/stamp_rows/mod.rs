//! When rows changed.

#[cfg(feature = "testing")]
pub(crate) mod cases;
pub(crate) mod twin;

use crate::kernel::{Kernel, Parity, Shape, Variant, fragments, interface};

interface! {
    /// Uniform parameters.
    Params {
        /// Keys, in ascending order.
        len: u32,
        /// Those of the window.
        key_begin: u32,
        key_end: u32,
        /// The stamp of the first of them.
        first_stamp: u32,
        /// The step that it is.
        step: u32,
    }
    Bindings {
        keys: read [u32],
        stamps: write [u32],
    }
}

pub(crate) static KERNEL: Kernel = Kernel {
    name: "stamp_rows",
    about: "stamps[key - key_begin + first_stamp] = step for each key of the window",
    interface: INTERFACE,
    variants: &[Variant {
        name: "any",
        shape: Shape::Any,
        workgroup: 64,
        constants: &[],
        sources: fragments!["prelude/grid.wgsl", "update/stamp_rows.wgsl"],
    }],
    parity: Parity::Bits,
    twin: |call| twin::run(call.into()),
    #[cfg(feature = "testing")]
    cases: cases::cases,
};
