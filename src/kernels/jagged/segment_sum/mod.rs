//! Sums of the rows of segments.

#[cfg(feature = "testing")]
pub(crate) mod cases;
pub(crate) mod twin;

use crate::kernel::{Kernel, Parity, Shape, Variant, fragments, params, read, write};

params! {
    /// Uniform parameters.
    Params {
        /// Sums, or no fewer than there are.
        rows: u32,
        /// Segments that are summed.
        segments: u32,
        /// The first of them.
        first: u32,
        /// Values in a piece; 0: segments are summed whole.
        piece: u32,
        /// Elements of a value; from here on all in elements of the variant's width.
        dim: u32,
        values_base: u32,
        values_stride: u32,
        out_base: u32,
        out_stride: u32,
    }
}

macro_rules! variant {
    ($width:literal) => {
        Variant {
            name: $width,
            shape: Shape::Any,
            workgroup: 64,
            constants: &[],
            sources: fragments![
                "prelude/grid.wgsl",
                "prelude/status.wgsl",
                "prelude/find_segment.wgsl",
                concat!("prelude/elem_", $width, ".wgsl"),
                "jagged/segment_sum.wgsl"
            ],
        }
    };
}

pub(crate) static KERNEL: Kernel = Kernel {
    name: "segment_sum",
    about: "out[s] = sum of values[offsets[s] .. offsets[s + 1]], or of pieces of them",
    bindings: &[read("status"), read("offsets"), read("begins"), read("values"), write("out")],
    params: Params::LAYOUT,
    variants: &[variant!("vec4"), variant!("scalar")],
    parity: Parity::Bits,
    twin: twin::run,
    #[cfg(feature = "testing")]
    cases: cases::cases,
};
