//! The elementwise half of a cross layer's backward pass.

#[cfg(feature = "testing")]
pub(crate) mod cases;
pub(crate) mod twin;

use crate::kernel::{Kernel, Parity, Shape, Variant, fragments, interface};

interface! {
    /// Uniform parameters; sizes and places, but for the rows, in elements of the variant's width.
    Params {
        rows: u32,
        cols: u32,
        /// Where the matrices begin, and from row to row.
        grad_base: u32,
        grad_stride: u32,
        x0_base: u32,
        x0_stride: u32,
        product_base: u32,
        product_stride: u32,
        bias_base: u32,
        product_grad_base: u32,
        product_grad_stride: u32,
        x0_grad_base: u32,
        x0_grad_stride: u32,
        /// 1: `x` is `x0`, so that the gradient which goes past the product is `x0`'s too.
        through: u32,
        /// 1: the gradient of `x0` is added to what is there.
        accumulate: u32,
    }
    Bindings {
        grad: read [f32] as "array<Elem>",
        x0: read [f32] as "array<Elem>",
        product: read [f32] as "array<Elem>",
        bias: read [f32] as "array<Elem>",
        product_grad: write [f32] as "array<Elem>",
        x0_grad: write [f32] as "array<Elem>",
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
                "dense/cross_grad.wgsl"
            ],
        }
    };
}

pub(crate) static KERNEL: Kernel = Kernel {
    name: "cross_grad",
    about: "product_grad = grad * x0; x0_grad = grad * (product + bias), or added to it",
    interface: INTERFACE,
    variants: &[variant!("vec4"), variant!("scalar")],
    parity: Parity::Bits,
    twin: |call| twin::run(call.into()),
    #[cfg(feature = "testing")]
    cases: cases::cases,
};
