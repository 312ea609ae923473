//! Columns of a matrix in another order.

#[cfg(feature = "testing")]
pub(crate) mod cases;
pub(crate) mod twin;

use crate::kernel::{Kernel, Parity, Shape, Variant, fragments, interface};

interface! {
    /// Uniform parameters; all but the rows in elements of the variant's width.
    Params {
        rows: u32,
        /// Of the output.
        cols: u32,
        input_base: u32,
        input_stride: u32,
        out_base: u32,
        out_stride: u32,
    }
    Bindings {
        begins: read [u32],
        columns: read [u32],
        input: read [f32] as "array<Elem>",
        out: write [f32] as "array<Elem>",
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
                concat!("prelude/elem_", $width, ".wgsl"),
                "jagged/gather_columns.wgsl"
            ],
        }
    };
}

pub(crate) static KERNEL: Kernel = Kernel {
    name: "gather_columns",
    about: "out[r][c] = sum of input[r][columns[begins[c] .. begins[c + 1]]]",
    interface: INTERFACE,
    variants: &[variant!("vec4"), variant!("scalar")],
    parity: Parity::Bits,
    twin: |call| twin::run(call.into()),
    #[cfg(feature = "testing")]
    cases: cases::cases,
};
