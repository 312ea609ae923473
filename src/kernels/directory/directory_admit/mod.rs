//! New ids of a directory.

#[cfg(feature = "testing")]
pub(crate) mod cases;
pub(crate) mod twin;

use crate::kernel::{Kernel, Parity, Shape, Variant, fragments, params, read, write};

params! {
    /// Uniform parameters.
    Params {
        /// No fewer than the new ids.
        len: u32,
        /// Buckets of the directory, a prime.
        buckets: u32,
        /// Rows.
        capacity: u32,
    }
}

pub(crate) static KERNEL: Kernel = Kernel {
    name: "directory_admit",
    about: "new virtual ids, in ascending order, into rows of a directory that are free",
    bindings: &[
        read("new_ids"),
        read("total"),
        read("counts"),
        read("left"),
        write("places"),
        write("row_ids"),
        write("new_rows"),
    ],
    params: Params::LAYOUT,
    variants: &[Variant {
        name: "any",
        shape: Shape::Any,
        workgroup: 256,
        constants: &[],
        sources: fragments![
            "prelude/grid.wgsl",
            "prelude/random.wgsl",
            "prelude/directory.wgsl",
            "prelude/directory_insert.wgsl",
            "directory/directory_admit.wgsl"
        ],
    }],
    parity: Parity::Bits,
    twin: twin::run,
    #[cfg(feature = "testing")]
    cases: cases::cases,
};
