//! Values where others reach the threshold.

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
        by_base: u32,
        by_stride: u32,
        values_base: u32,
        values_stride: u32,
        out_base: u32,
        out_stride: u32,
    }
    Bindings {
        /// The bits of the least size.
        threshold: read [u32],
        by: read [u32] as "array<Elem>",
        values: read [u32] as "array<Elem>",
        out: write [u32] as "array<Elem>",
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
                concat!("prelude/word_", $width, ".wgsl"),
                "wire/threshold_mask.wgsl"
            ],
        }
    };
}

pub(crate) static KERNEL: Kernel = Kernel {
    name: "threshold_mask",
    about: "out[r][c] = values[r][c] where by[r][c] is not 0 and |by[r][c]| >= threshold, else 0",
    interface: INTERFACE,
    variants: &[variant!("vec4"), variant!("scalar")],
    parity: Parity::Bits,
    twin: |call| twin::run(call.into()),
    #[cfg(feature = "testing")]
    cases: cases::cases,
};
