//! Values added where they belong.

#[cfg(feature = "testing")]
pub(crate) mod cases;
pub(crate) mod twin;

use crate::kernel::{Kernel, Parity, Shape, Variant, fragments, interface};

interface! {
    /// Uniform parameters.
    Params {
        /// Values, from `entry` on.
        len: u32,
        entry: u32,
        /// Where the first place is in the output, and how many there are.
        first: u32,
        places: u32,
    }
    Bindings {
        indices: read [u32],
        values: read [f32],
        out: write [f32],
    }
}

pub(crate) static KERNEL: Kernel = Kernel {
    name: "scatter_add",
    about: "out[first + indices[i]] += values[i]",
    interface: INTERFACE,
    variants: &[Variant {
        name: "any",
        shape: Shape::Any,
        workgroup: 64,
        constants: &[],
        sources: fragments!["prelude/grid.wgsl", "wire/scatter_add.wgsl"],
    }],
    parity: Parity::Bits,
    twin: |call| twin::run(call.into()),
    #[cfg(feature = "testing")]
    cases: cases::cases,
};
