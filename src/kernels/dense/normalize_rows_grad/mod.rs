//! The gradient of rows of length one.

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
        /// What rows are divided by that are shorter.
        eps: f32,
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
                "prelude/norm.wgsl",
                "prelude/lanes.wgsl",
                "dense/normalize_rows/row_norm.wgsl",
                "dense/normalize_rows_grad.wgsl"
            ],
        }
    };
}

pub(crate) static KERNEL: Kernel = Kernel {
    name: "normalize_rows_grad",
    about: "out[r] = (g[r] - y (y g[r])) / |x[r]| for y = x[r] / |x[r]|; g[r] / eps where |x[r]| <= eps",
    interface: INTERFACE,
    variants: &[variant!("vec4"), variant!("scalar")],
    parity: Parity::Bits,
    twin: |call| twin::run(call.into()),
    #[cfg(feature = "testing")]
    cases: cases::cases,
};
