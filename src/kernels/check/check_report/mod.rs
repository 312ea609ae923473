//! Says where the lowest wrong offset or id of a device batch belongs.

#[cfg(feature = "testing")]
pub(crate) mod cases;
pub(crate) mod twin;

use crate::kernel::{Kernel, Parity, Shape, Variant, fragments, interface};
use crate::kernels::feature::Status;

interface! {
    /// Uniform parameters.
    Params {
        /// Examples.
        batch: u32,
        /// Bags.
        bags: u32,
    }
    Bindings {
        status: write Status,
        offsets: read [u32],
        ids: read [u32],
    }
}

pub(crate) static KERNEL: Kernel = Kernel {
    name: "check_report",
    about: "feature, example and value of the lowest wrong position",
    interface: INTERFACE,
    variants: &[Variant {
        name: "any",
        shape: Shape::Any,
        workgroup: 1,
        constants: &[],
        sources: fragments!["prelude/workgroup.wgsl", "prelude/status.wgsl", "check/check_report.wgsl"],
    }],
    parity: Parity::Bits,
    twin: |call| twin::run(call.into()),
    #[cfg(feature = "testing")]
    cases: cases::cases,
};
