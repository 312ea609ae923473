//! Matrices rounded to 16 bits.

#[cfg(feature = "testing")]
pub(crate) mod cases;
pub(crate) mod twin;

use crate::kernel::{Kernel, Parity, Shape, Variant, fragments, interface};

interface! {
    /// Uniform parameters.
    Params {
        /// Words to write, and those of a row.
        words: u32,
        row_words: u32,
        cols: u32,
        /// Where the source begins, and from row to row.
        source_base: u32,
        source_stride: u32,
        /// The first word, and words from row to row.
        out_base: u32,
        out_stride: u32,
        /// Element type of the output.
        out_type: u32,
        /// Whether values are rounded at random, by this seed, and not to the nearest.
        stochastic: u32,
        seed: u32,
    }
    Bindings {
        source: read [f32],
        out: write [u32],
    }
}

pub(crate) static KERNEL: Kernel = Kernel {
    name: "round_rows",
    about: "out[r][c] = source[r][c] in 16 bits, to the nearest or at random",
    interface: INTERFACE,
    variants: &[Variant {
        name: "any",
        shape: Shape::Any,
        workgroup: 64,
        constants: &[],
        sources: fragments![
            "prelude/grid.wgsl",
            "prelude/types.wgsl",
            "prelude/random.wgsl",
            "bag/round_rows.wgsl"
        ],
    }],
    parity: Parity::Bits,
    twin: |call| twin::run(call.into()),
    #[cfg(feature = "testing")]
    cases: cases::cases,
};
