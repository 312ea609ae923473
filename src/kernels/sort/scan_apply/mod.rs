//! Second half of the prefix sum.

#[cfg(feature = "testing")]
pub(crate) mod cases;
pub(crate) mod twin;

use crate::kernel::{Kernel, Parity, Shape, Variant, fragments, interface};
use crate::kernels::scan_reduce::{self, Params};

interface! {
    Bindings {
        sums: read [u32],
        values: write [u32],
    }
}

pub(crate) static KERNEL: Kernel = Kernel {
    name: "scan_apply",
    about: "each value becomes the sum of those before it",
    interface: INTERFACE,
    variants: &[
        Variant {
            name: "wide",
            shape: Shape::Wide,
            workgroup: scan_reduce::WIDE,
            constants: &[],
            sources: fragments!["prelude/grid.wgsl", "prelude/scanned.wgsl", "sort/scan_apply.wgsl"],
        },
        Variant {
            name: "serial",
            shape: Shape::Serial,
            workgroup: scan_reduce::SERIAL,
            constants: &[],
            sources: fragments!["prelude/grid.wgsl", "sort/scan_apply.serial.wgsl"],
        },
    ],
    parity: Parity::Bits,
    twin: |call| twin::run(call.into()),
    #[cfg(feature = "testing")]
    cases: cases::cases,
};
