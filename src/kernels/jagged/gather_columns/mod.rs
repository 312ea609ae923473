//! Columns of a matrix in another order.

#[cfg(feature = "testing")]
pub(crate) mod cases;
pub(crate) mod twin;

use crate::kernel::{Kernel, Parity, Shape, Variant, fragments, params, read, write};

params! {
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
    bindings: &[read("begins"), read("columns"), read("input"), write("out")],
    params: Params::LAYOUT,
    variants: &[variant!("vec4"), variant!("scalar")],
    parity: Parity::Bits,
    twin: twin::run,
    #[cfg(feature = "testing")]
    cases: cases::cases,
};
