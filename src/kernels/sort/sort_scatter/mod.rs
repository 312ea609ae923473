//! The moves of a radix sort pass.

#[cfg(feature = "testing")]
pub(crate) mod cases;
#[cfg(test)]
mod sectors;
pub(crate) mod twin;

use crate::kernel::{Kernel, Parity, Shape, Variant, fragments, interface};
use crate::kernels::sort_count::{self, Params};

interface! {
    Bindings {
        histogram: read [u32],
        keys_in: read [u32],
        values_in: read [u32],
        keys_out: write [u32],
        /// Unused in the pass that gathers.
        values_out: write [u32],
        /// Unused in the others, as is `terms_out`.
        terms: read [[u32; 2]],
        terms_out: write [[u32; 2]],
    }
}

/// Threads of the variant with subgroups: half as many, with twice the keys each, as a counter for each digit
/// and subgroup must fit workgroup memory.
const SUBGROUPS: u32 = sort_count::WIDE / 2;

/// The index of a variant.
pub(crate) fn variant(shape: Shape, subgroups: bool) -> usize {
    match (shape, subgroups) {
        (Shape::Wide, false) => 0,
        (Shape::Serial | Shape::Any, _) => 1,
        (Shape::Wide, true) => 2,
    }
}

pub(crate) static KERNEL: Kernel = Kernel {
    name: "sort_scatter",
    about: "keys and values, or the terms that these are the numbers of, to their places, stable",
    interface: INTERFACE,
    variants: &[
        Variant {
            name: "wide",
            shape: Shape::Wide,
            workgroup: sort_count::WIDE,
            constants: &[],
            sources: fragments![
                "prelude/grid.wgsl",
                "prelude/digit.wgsl",
                "prelude/scanned.wgsl",
                "sort/sort_scatter/move.wgsl",
                "sort/sort_scatter.wgsl"
            ],
        },
        Variant {
            name: "serial",
            shape: Shape::Serial,
            workgroup: sort_count::SERIAL,
            constants: &[],
            sources: fragments![
                "prelude/grid.wgsl",
                "prelude/digit.wgsl",
                "sort/sort_scatter/move.wgsl",
                "sort/sort_scatter.serial.wgsl"
            ],
        },
        Variant {
            name: "subgroup",
            shape: Shape::Wide,
            workgroup: SUBGROUPS,
            constants: &[],
            sources: fragments![
                "prelude/grid.wgsl",
                "prelude/digit.wgsl",
                "prelude/scanned.wgsl",
                "prelude/subgroups.wgsl",
                "sort/sort_scatter/move.wgsl",
                "sort/sort_scatter.subgroup.wgsl"
            ],
        },
    ],
    parity: Parity::Bits,
    twin: |call| twin::run(call.into()),
    #[cfg(feature = "testing")]
    cases: cases::cases,
};
