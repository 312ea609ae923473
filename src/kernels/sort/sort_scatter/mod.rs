//! The moves of a radix sort pass.

#[cfg(feature = "testing")]
pub(crate) mod cases;
pub(crate) mod twin;

use crate::kernel::{Kernel, Parity, Shape, Variant, fragments, read, write};
use crate::kernels::sort_count::{self, Params};

pub(crate) static KERNEL: Kernel = Kernel {
    name: "sort_scatter",
    about: "keys and values to their places, stable",
    bindings: &[
        read("histogram"),
        read("keys_in"),
        read("values_in"),
        write("keys_out"),
        write("values_out"),
    ],
    params: Params::LAYOUT,
    variants: &[
        Variant {
            name: "wide",
            shape: Shape::Wide,
            workgroup: sort_count::WIDE,
            constants: &[("SHARE", sort_count::SHARE)],
            sources: fragments!["prelude/grid.wgsl", "prelude/sort_params.wgsl", "sort/sort_scatter.wgsl"],
        },
        Variant {
            name: "serial",
            shape: Shape::Serial,
            workgroup: sort_count::SERIAL,
            constants: &[],
            sources: fragments![
                "prelude/grid.wgsl",
                "prelude/sort_params.wgsl",
                "sort/sort_scatter.serial.wgsl"
            ],
        },
    ],
    parity: Parity::Bits,
    twin: twin::run,
    #[cfg(feature = "testing")]
    cases: cases::cases,
};
