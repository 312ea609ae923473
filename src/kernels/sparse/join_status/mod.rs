//! One status for several.

#[cfg(feature = "testing")]
pub(crate) mod cases;
pub(crate) mod twin;

use crate::kernel::{Kernel, Parity, Shape, Variant, fragments, interface};
use crate::kernels::feature::Status;

interface! {
    /// Uniform parameters.
    Params {
        /// Always 0.
        unused: u32,
    }
    Bindings {
        status: read Status,
        joined: write Status,
    }
}

pub(crate) static KERNEL: Kernel = Kernel {
    name: "join_status",
    about: "refused if one of several is",
    interface: INTERFACE,
    variants: &[Variant {
        name: "any",
        shape: Shape::Any,
        workgroup: 1,
        constants: &[],
        sources: fragments!["prelude/workgroup.wgsl", "prelude/status.wgsl", "sparse/join_status.wgsl"],
    }],
    parity: Parity::Bits,
    twin: |call| twin::run(call.into()),
    #[cfg(feature = "testing")]
    cases: cases::cases,
};
