//! Adds the rows of one gradient to those of another.

#[cfg(feature = "testing")]
pub(crate) mod cases;
pub(crate) mod twin;

use crate::kernel::{Kernel, Parity, Shape, Variant, fragments, interface};

interface! {
    /// Uniform parameters.
    Params {
        /// Rows that are added.
        len: u32,
        /// The first of them.
        first: u32,
        /// Targets in all.
        targets: u32,
        /// Those in `out`.
        out_rows: u32,
        /// The first of these.
        out_first: u32,
        /// Threads for a row.
        lanes: u32,
        /// What the rows are multiplied by.
        factor: f32,
        /// Elements of a row; from here on all in elements of the variant's width.
        dim: u32,
        values_base: u32,
        values_stride: u32,
        out_base: u32,
        out_stride: u32,
    }
    Bindings {
        rows: read [u32],
        counts: read [u32],
        values: read [f32] as "array<Elem>",
        targets: read [u32],
        out: write [f32] as "array<Elem>",
        totals: write [u32],
    }
}

const WORKGROUP: u32 = 64;

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
                "sparse/add_rows.wgsl"
            ],
        }
    };
}

pub(crate) static KERNEL: Kernel = Kernel {
    name: "add_rows",
    about: "out[place of row] += factor * values of the row",
    interface: INTERFACE,
    variants: &[variant!("vec4"), variant!("scalar")],
    parity: Parity::Bits,
    twin: |call| twin::run(call.into()),
    #[cfg(feature = "testing")]
    cases: cases::cases,
};
