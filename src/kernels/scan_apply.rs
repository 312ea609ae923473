//! Second half of the prefix sum.

use super::scan_reduce::{self, Params};
use crate::kernel::{Kernel, Parity, Shape, Variant, fragments, read, write};

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
            sources: fragments!["prelude/grid.wgsl", "prelude/scan_params.wgsl", "scan_apply.wgsl"],
        },
        Variant {
            name: "serial",
            shape: Shape::Serial,
            workgroup: scan_reduce::SERIAL,
            constants: &[],
            sources: fragments!["prelude/grid.wgsl", "prelude/scan_params.wgsl", "scan_apply.serial.wgsl"],
        },
    ],
    parity: Parity::Bits,
    twin: crate::cpu::scan_apply::run,
    cases: || scan_reduce::cases(true),
};
