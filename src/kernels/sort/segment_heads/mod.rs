//! Where segments of equal keys begin.

#[cfg(feature = "testing")]
pub(crate) mod cases;
pub(crate) mod twin;

use crate::kernel::{Kernel, Parity, Shape, Variant, fragments, params, read, write};

params! {
    /// Uniform parameters.
    Params {
        /// Sorted keys.
        len: u32,
        /// Keys in all.
        key_begin: u32,
        key_end: u32,
    }
}

pub(crate) static KERNEL: Kernel = Kernel {
    name: "segment_heads",
    about: "1 where a segment of equal keys begins, else 0",
    bindings: &[read("status"), read("keys"), write("heads")],
    params: Params::LAYOUT,
    variants: &[Variant {
        name: "any",
        shape: Shape::Any,
        workgroup: 256,
        constants: &[],
        sources: fragments!["prelude/grid.wgsl", "prelude/status.wgsl", "sort/segment_heads.wgsl"],
    }],
    parity: Parity::Bits,
    twin: twin::run,
    #[cfg(feature = "testing")]
    cases: cases::cases,
};
