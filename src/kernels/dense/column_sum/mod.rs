//! Sums of columns: the gradient of a bias.

#[cfg(feature = "testing")]
pub(crate) mod cases;
pub(crate) mod twin;

use crate::kernel::{Kernel, Parity, Shape, Variant, fragments, interface};

interface! {
    /// Uniform parameters.
    Params {
        rows: u32,
        cols: u32,
        /// Elements where the matrix begins, and from row to row.
        input_base: u32,
        input_stride: u32,
        out_base: u32,
        /// 1: the sums are added to the output.
        accumulate: u32,
    }
    Bindings {
        input: read [f32] as "array<Elem>",
        out: write [f32],
    }
}

/// Accumulators of a column, as in the shaders.
pub(crate) const LANES: u32 = 16;

const WIDE: u32 = 128;

/// One hardware vector of the software adapters: outputs are few.
const SERIAL: u32 = 8;

/// Groups for a number of columns.
pub(crate) fn groups(shape: Shape, cols: u32) -> u32 {
    let quads = cols.div_ceil(4);
    if shape == Shape::Wide { quads.div_ceil(WIDE / LANES) } else { quads.div_ceil(SERIAL) }
}

/// The index of a variant.
pub(crate) fn variant(vec4: bool, shape: Shape) -> usize {
    usize::from(!vec4) * 2 + usize::from(shape != Shape::Wide)
}

macro_rules! variant {
    ($width:literal, $shape:ident, $name:literal, $workgroup:expr, $body:literal) => {
        Variant {
            name: concat!($width, ".", $name),
            shape: Shape::$shape,
            workgroup: $workgroup,
            constants: &[],
            sources: fragments![
                "prelude/grid.wgsl",
                concat!("prelude/elem_", $width, ".wgsl"),
                concat!("prelude/input_", $width, ".wgsl"),
                "dense/column_sum/finish.wgsl",
                $body
            ],
        }
    };
}

pub(crate) static KERNEL: Kernel = Kernel {
    name: "column_sum",
    about: "out[c] = sum over r of x[r][c]",
    interface: INTERFACE,
    variants: &[
        variant!("vec4", Wide, "wide", WIDE, "dense/column_sum.wgsl"),
        variant!("vec4", Serial, "serial", SERIAL, "dense/column_sum.serial.wgsl"),
        variant!("scalar", Wide, "wide", WIDE, "dense/column_sum.wgsl"),
        variant!("scalar", Serial, "serial", SERIAL, "dense/column_sum.serial.wgsl"),
    ],
    parity: Parity::Bits,
    twin: |call| twin::run(call.into()),
    #[cfg(feature = "testing")]
    cases: cases::cases,
};
