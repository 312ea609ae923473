//! The bucket of each value, by blocks of rows.

#[cfg(feature = "testing")]
pub(crate) mod cases;
pub(crate) mod twin;

use crate::kernel::{Kernel, Parity, Shape, Variant, fragments, params, read, write};

params! {
    /// Uniform parameters.
    Params {
        /// Values.
        len: u32,
        /// Features.
        features: u32,
        /// Examples.
        batch: u32,
        /// Buckets.
        buckets: u32,
    }
}

pub(crate) static KERNEL: Kernel = Kernel {
    name: "bucket_keys",
    about: "keys[i] = values[i] / block, locals[i] = values[i] % block",
    bindings: &[
        read("status"),
        read("offsets"),
        read("blocks"),
        read("values"),
        write("keys"),
        write("locals"),
    ],
    params: Params::LAYOUT,
    variants: &[Variant {
        name: "any",
        shape: Shape::Any,
        workgroup: 256,
        constants: &[],
        sources: fragments!["prelude/grid.wgsl", "prelude/status.wgsl", "jagged/bucket_keys.wgsl"],
    }],
    parity: Parity::Bits,
    twin: twin::run,
    #[cfg(feature = "testing")]
    cases: cases::cases,
};
