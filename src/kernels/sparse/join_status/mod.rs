//! One status for several.

#[cfg(feature = "testing")]
pub(crate) mod cases;
pub(crate) mod twin;

use crate::kernel::{Kernel, Parity, Shape, Variant, fragments, params, read, write};

params! {
    /// Uniform parameters.
    Params {
        /// Always 0.
        unused: u32,
    }
}

pub(crate) static KERNEL: Kernel = Kernel {
    name: "join_status",
    about: "refused if one of several is",
    bindings: &[read("status"), write("joined")],
    params: Params::LAYOUT,
    variants: &[Variant {
        name: "any",
        shape: Shape::Any,
        workgroup: 1,
        constants: &[],
        sources: fragments!["prelude/workgroup.wgsl", "prelude/status.wgsl", "sparse/join_status.wgsl"],
    }],
    parity: Parity::Bits,
    twin: twin::run,
    #[cfg(feature = "testing")]
    cases: cases::cases,
};
