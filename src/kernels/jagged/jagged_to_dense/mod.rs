//! Segments side by side in rows of one length.

#[cfg(feature = "testing")]
pub(crate) mod cases;
pub(crate) mod twin;

use crate::kernel::{Kernel, Parity, Shape, Variant, fragments, params, read, write};

params! {
    /// Uniform parameters, shared with `dense_to_jagged`.
    Params {
        /// Rows of values.
        len: u32,
        /// Segments.
        segments: u32,
        /// Rows of the dense matrix that are bound.
        rows: u32,
        /// The segment of the first of them.
        first: u32,
        /// Places of a dense row.
        longest: u32,
        /// Elements of a value; from here on all in elements of the variant's width.
        dim: u32,
        values_base: u32,
        values_stride: u32,
        dense_base: u32,
        dense_stride: u32,
        /// What stands where a segment has no value.
        padding: f32,
    }
}

macro_rules! variant {
    ($width:literal) => {
        Variant {
            name: $width,
            shape: Shape::Any,
            workgroup: 256,
            constants: &[],
            sources: fragments![
                "prelude/grid.wgsl",
                "prelude/status.wgsl",
                concat!("prelude/elem_", $width, ".wgsl"),
                "prelude/padded_params.wgsl",
                "jagged/jagged_to_dense.wgsl"
            ],
        }
    };
}

pub(crate) static KERNEL: Kernel = Kernel {
    name: "jagged_to_dense",
    about: "dense[s][j] = values[offsets[s] + j], or the padding",
    bindings: &[read("status"), read("begins"), read("values"), write("dense")],
    params: Params::LAYOUT,
    variants: &[variant!("vec4"), variant!("scalar")],
    parity: Parity::Bits,
    twin: twin::run,
    #[cfg(feature = "testing")]
    cases: cases::cases,
};
