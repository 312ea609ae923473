//! The moves of a radix sort pass.

#[cfg(feature = "testing")]
pub(crate) mod cases;
pub(crate) mod twin;

use crate::kernel::{Kernel, Parity, Shape, Variant, fragments, interface};
use crate::kernels::sort_count::{self, Params};

interface! {
    Bindings {
        histogram: read [u32],
        keys_in: read [u32],
        values_in: read [u32],
        keys_out: write [u32],
        values_out: write [u32],
    }
}

pub(crate) static KERNEL: Kernel = Kernel {
    name: "sort_scatter",
    about: "keys and values to their places, stable",
    interface: INTERFACE,
    variants: &[
        Variant {
            name: "wide",
            shape: Shape::Wide,
            workgroup: sort_count::WIDE,
            constants: &[("SHARE", sort_count::SHARE)],
            sources: fragments!["prelude/grid.wgsl", "sort/sort_scatter.wgsl"],
        },
        Variant {
            name: "serial",
            shape: Shape::Serial,
            workgroup: sort_count::SERIAL,
            constants: &[],
            sources: fragments!["prelude/grid.wgsl", "sort/sort_scatter.serial.wgsl"],
        },
    ],
    parity: Parity::Bits,
    twin: |call| twin::run(call.into()),
    #[cfg(feature = "testing")]
    cases: cases::cases,
};
