//! Sums of the rows of segments.

#[cfg(feature = "testing")]
pub(crate) mod cases;
pub(crate) mod twin;

use crate::kernel::{Kernel, Parity, Shape, Variant, fragments, interface};
use crate::kernels::feature::Status;

interface! {
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
    Bindings {
        status: read Status,
        offsets: read [u32],
        /// Where the pieces of each segment begin among all pieces.
        begins: read [u32],
        values: read [f32] as "array<Elem>",
        out: write [f32] as "array<Elem>",
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
    interface: INTERFACE,
    variants: &[variant!("vec4"), variant!("scalar")],
    parity: Parity::Bits,
    twin: |call| twin::run(call.into()),
    #[cfg(feature = "testing")]
    cases: cases::cases,
};
