//! The gradient of a softmax of rows, from its output.

#[cfg(feature = "testing")]
pub(crate) mod cases;
pub(crate) mod twin;

use crate::kernel::{Kernel, Parity, Shape, Variant, fragments, interface};
use crate::kernels::normalize_rows::WORKGROUP;

interface! {
    /// Uniform parameters.
    Params {
        rows: u32,
        cols: u32,
        /// Elements where the matrices begin, and from row to row.
        input_base: u32,
        input_stride: u32,
        grad_base: u32,
        grad_stride: u32,
        out_base: u32,
        out_stride: u32,
        /// The factor of all values in front of the softmax.
        scale: f32,
    }
    Bindings {
        input: read [f32] as "array<Elem>",
        grad: read [f32] as "array<Elem>",
        out: write [f32] as "array<Elem>",
    }
}

macro_rules! variant {
    ($width:literal) => {
        Variant {
            name: $width,
            shape: Shape::Any,
            workgroup: WORKGROUP,
            constants: &[],
            sources: fragments![
                "prelude/grid.wgsl",
                concat!("prelude/elem_", $width, ".wgsl"),
                concat!("prelude/input_", $width, ".wgsl"),
                concat!("prelude/grad_", $width, ".wgsl"),
                concat!("prelude/out_", $width, ".wgsl"),
                "prelude/lanes.wgsl",
                "dense/softmax_rows_grad.wgsl"
            ],
        }
    };
}

pub(crate) static KERNEL: Kernel = Kernel {
    name: "softmax_rows_grad",
    about: "out[r] = y[r] (g[r] - sum of y[r] g[r]) scale, from the output y of softmax_rows",
    interface: INTERFACE,
    variants: &[variant!("vec4"), variant!("scalar")],
    parity: Parity::Bits,
    twin: |call| twin::run(call.into()),
    #[cfg(feature = "testing")]
    cases: cases::cases,
};
