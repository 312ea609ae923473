//! Words in the order of sorted keys, and that order the other way round.

#[cfg(feature = "testing")]
pub(crate) mod cases;
pub(crate) mod twin;

use crate::kernel::{Kernel, Parity, Shape, Variant, fragments, interface};
use crate::kernels::feature::Status;

interface! {
    /// Uniform parameters.
    Params {
        /// Words.
        len: u32,
        /// 1: where each position stands.
        inverse: u32,
    }
    Bindings {
        status: read Status,
        positions: read [u32],
        source: read [u32],
        out: write [u32],
    }
}

pub(crate) static KERNEL: Kernel = Kernel {
    name: "gather_words",
    about: "out[i] = source[positions[i]], or out[positions[i]] = i",
    interface: INTERFACE,
    variants: &[Variant {
        name: "any",
        shape: Shape::Any,
        workgroup: 256,
        constants: &[],
        sources: fragments!["prelude/grid.wgsl", "prelude/status.wgsl", "jagged/gather_words.wgsl"],
    }],
    parity: Parity::Bits,
    twin: |call| twin::run(call.into()),
    #[cfg(feature = "testing")]
    cases: cases::cases,
};
