//! How fast a kernel reads memory, for `roofline`.

#[cfg(feature = "testing")]
pub(crate) mod cases;
pub(crate) mod twin;

use crate::kernel::{Kernel, Parity, Shape, Variant, fragments, interface};

const WORKGROUP: u32 = 256;
/// Vectors of a workgroup.
pub(crate) const QUADS: u32 = 16 * WORKGROUP;

interface! {
    /// Uniform parameters.
    Params {
        /// Vectors of four words; at least one.
        quads: u32,
        /// Workgroups, and so sums.
        groups: u32,
    }
    Bindings {
        source: read [[u32; 4]] as "array<vec4<u32>>",
        sums: write [u32],
    }
}

pub(crate) static KERNEL: Kernel = Kernel {
    name: "sum_words",
    about: "sums[g] = sum of the words of workgroup g",
    interface: INTERFACE,
    variants: &[Variant {
        name: "any",
        shape: Shape::Any,
        workgroup: WORKGROUP,
        constants: &[],
        sources: fragments!["prelude/grid.wgsl", "device/sum_words.wgsl"],
    }],
    parity: Parity::Bits,
    twin: |call| twin::run(call.into()),
    #[cfg(feature = "testing")]
    cases: cases::cases,
};
