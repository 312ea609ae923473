//! All ids into an empty directory.

#[cfg(feature = "testing")]
pub(crate) mod cases;
pub(crate) mod twin;

use crate::kernel::{Kernel, Parity, Shape, Variant, fragments, params, read, write};

params! {
    /// Uniform parameters.
    Params {
        /// Rows.
        len: u32,
        /// Buckets of the directory, a prime.
        buckets: u32,
    }
}

pub(crate) static KERNEL: Kernel = Kernel {
    name: "directory_insert",
    about: "the virtual ids of all rows into an empty directory",
    bindings: &[read("row_ids"), write("places")],
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
            "directory/directory_insert.wgsl"
        ],
    }],
    parity: Parity::Bits,
    twin: twin::run,
    #[cfg(feature = "testing")]
    cases: cases::cases,
};
