//! The elementwise half of a cross layer, as in DCN-v2 (Wang et al., 2021).

#[cfg(feature = "testing")]
pub(crate) mod cases;
pub(crate) mod twin;

use crate::kernel::{Kernel, Parity, Shape, Variant, fragments, interface};

interface! {
    /// Uniform parameters; all but the rows in elements of the variant's width.
    Params {
        rows: u32,
        cols: u32,
        /// Where the matrices begin, and from row to row.
        x0_base: u32,
        x0_stride: u32,
        x_base: u32,
        x_stride: u32,
        product_base: u32,
        product_stride: u32,
        bias_base: u32,
        out_base: u32,
        out_stride: u32,
        /// 1: `x` is added.
        skip: u32,
    }
    Bindings {
        x0: read [f32] as "array<Elem>",
        x: read [f32] as "array<Elem>",
        product: read [f32] as "array<Elem>",
        bias: read [f32] as "array<Elem>",
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
                concat!("prelude/elem_", $width, ".wgsl"),
                "dense/cross.wgsl"
            ],
        }
    };
}

pub(crate) static KERNEL: Kernel = Kernel {
    name: "cross",
    about: "out[r][c] = x0[r][c] (product[r][c] + bias[c]) + x[r][c], or without x",
    interface: INTERFACE,
    variants: &[variant!("vec4"), variant!("scalar")],
    parity: Parity::Bits,
    twin: |call| twin::run(call.into()),
    #[cfg(feature = "testing")]
    cases: cases::cases,
};
