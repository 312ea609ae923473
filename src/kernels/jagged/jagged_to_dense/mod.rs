//! Segments side by side in rows of one length.

#[cfg(feature = "testing")]
pub(crate) mod cases;
pub(crate) mod twin;

use crate::kernel::{Kernel, Parity, Shape, Variant, fragments, interface};
use crate::kernels::feature::Status;

interface! {
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
    Bindings {
        status: read Status,
        begins: read [u32],
        values: read [f32] as "array<Elem>",
        dense: write [f32] as "array<Elem>",
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
                "jagged/jagged_to_dense.wgsl"
            ],
        }
    };
}

pub(crate) static KERNEL: Kernel = Kernel {
    name: "jagged_to_dense",
    about: "dense[s][j] = values[offsets[s] + j], or the padding",
    interface: INTERFACE,
    variants: &[variant!("vec4"), variant!("scalar")],
    parity: Parity::Bits,
    twin: |call| twin::run(call.into()),
    #[cfg(feature = "testing")]
    cases: cases::cases,
};
