//! Words in the order of sorted keys, and that order the other way round.

#[cfg(feature = "testing")]
pub(crate) mod cases;
pub(crate) mod twin;

use crate::kernel::{Kernel, Parity, Shape, Variant, fragments, params, read, write};

params! {
    /// Uniform parameters.
    Params {
        /// Words.
        len: u32,
        /// 1: where each position stands.
        inverse: u32,
    }
}

pub(crate) static KERNEL: Kernel = Kernel {
    name: "gather_words",
    about: "out[i] = source[positions[i]], or out[positions[i]] = i",
    bindings: &[read("status"), read("positions"), read("source"), write("out")],
    params: Params::LAYOUT,
    variants: &[Variant {
        name: "any",
        shape: Shape::Any,
        workgroup: 256,
        constants: &[],
        sources: fragments!["prelude/grid.wgsl", "prelude/status.wgsl", "jagged/gather_words.wgsl"],
    }],
    parity: Parity::Bits,
    twin: twin::run,
    #[cfg(feature = "testing")]
    cases: cases::cases,
};
