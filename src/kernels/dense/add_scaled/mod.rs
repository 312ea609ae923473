//! Sums of matrices, and multiples of one.

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
        a_base: u32,
        a_stride: u32,
        b_base: u32,
        b_stride: u32,
        out_base: u32,
        out_stride: u32,
        /// Of `a`.
        factor: f32,
        /// One of `ADDEND_*`.
        addend: u32,
    }
    Bindings {
        a: read [f32] as "array<Elem>",
        b: read [f32] as "array<Elem>",
        out: write [f32] as "array<Elem>",
    }
}

pub(crate) const ADDEND_NONE: u32 = 0;

pub(crate) const ADDEND_B: u32 = 1;

pub(crate) const ADDEND_OUT: u32 = 2;

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
                "dense/add_scaled/addend.wgsl",
                "dense/add_scaled.wgsl"
            ],
        }
    };
}

pub(crate) static KERNEL: Kernel = Kernel {
    name: "add_scaled",
    about: "out[r][c] = factor a[r][c] + (0, b[r][c] or out[r][c])",
    interface: INTERFACE,
    variants: &[variant!("vec4"), variant!("scalar")],
    parity: Parity::Bits,
    twin: |call| twin::run(call.into()),
    #[cfg(feature = "testing")]
    cases: cases::cases,
};
