//! Where segments of equal keys begin.

#[cfg(feature = "testing")]
pub(crate) mod cases;
pub(crate) mod twin;

use crate::kernel::{Kernel, Parity, Shape, Variant, fragments, interface};
use crate::kernels::feature::Status;

interface! {
    /// Uniform parameters.
    Params {
        /// Sorted keys.
        len: u32,
        /// Keys in all.
        key_begin: u32,
        key_end: u32,
    }
    Bindings {
        status: read Status,
        keys: read [u32],
        heads: write [u32],
    }
}

pub(crate) static KERNEL: Kernel = Kernel {
    name: "segment_heads",
    about: "1 where a segment of equal keys begins, else 0",
    interface: INTERFACE,
    variants: &[Variant {
        name: "any",
        shape: Shape::Any,
        workgroup: 256,
        constants: &[],
        sources: fragments!["prelude/grid.wgsl", "prelude/status.wgsl", "sort/segment_heads.wgsl"],
    }],
    parity: Parity::Bits,
    twin: |call| twin::run(call.into()),
    #[cfg(feature = "testing")]
    cases: cases::cases,
};
