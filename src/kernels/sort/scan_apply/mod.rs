//! Second half of the prefix sum.

#[cfg(feature = "testing")]
pub(crate) mod cases;
pub(crate) mod twin;

use crate::kernel::{Kernel, Parity, Shape, Variant, fragments, read, write};
use crate::kernels::scan_reduce::{self, Params};

pub(crate) static KERNEL: Kernel = Kernel {
    name: "scan_apply",
    about: "each value becomes the sum of those before it",
    bindings: &[read("sums"), write("values")],
    params: Params::LAYOUT,
    variants: &[
        Variant {
            name: "wide",
            shape: Shape::Wide,
            workgroup: scan_reduce::WIDE,
            constants: &[],
            sources: fragments!["prelude/grid.wgsl", "prelude/scan_params.wgsl", "sort/scan_apply.wgsl"],
        },
        Variant {
            name: "serial",
            shape: Shape::Serial,
            workgroup: scan_reduce::SERIAL,
            constants: &[],
            sources: fragments![
                "prelude/grid.wgsl",
                "prelude/scan_params.wgsl",
                "sort/scan_apply.serial.wgsl"
            ],
        },
    ],
    parity: Parity::Bits,
    twin: twin::run,
    #[cfg(feature = "testing")]
    cases: cases::cases,
};
