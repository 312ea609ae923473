//! How fast a kernel reads and writes memory, for `roofline`.

#[cfg(feature = "testing")]
pub(crate) mod cases;
pub(crate) mod twin;

use crate::kernel::{Kernel, Parity, Shape, Variant, fragments, interface};

const WORKGROUP: u32 = 256;
/// Vectors of a workgroup.
#[cfg(feature = "testing")]
const QUADS: u32 = 4 * WORKGROUP;

interface! {
    /// Uniform parameters.
    Params {
        /// Vectors of four words; at least one.
        quads: u32,
    }
    Bindings {
        source: read [[u32; 4]] as "array<vec4<u32>>",
        out: write [[u32; 4]] as "array<vec4<u32>>",
    }
}

pub(crate) static KERNEL: Kernel = Kernel {
    name: "copy_words",
    about: "out[i] = source[i]",
    interface: INTERFACE,
    variants: &[Variant {
        name: "any",
        shape: Shape::Any,
        workgroup: WORKGROUP,
        constants: &[],
        sources: fragments!["prelude/grid.wgsl", "device/copy_words.wgsl"],
    }],
    parity: Parity::Bits,
    twin: |call| twin::run(call.into()),
    #[cfg(feature = "testing")]
    cases: cases::cases,
};
