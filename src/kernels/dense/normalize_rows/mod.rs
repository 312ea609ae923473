//! Rows of length one.

#[cfg(feature = "testing")]
pub(crate) mod cases;
pub(crate) mod twin;

use crate::kernel::{Kernel, Parity, Shape, Variant, fragments, interface};

interface! {
    /// Uniform parameters.
    Params {
        rows: u32,
        cols: u32,
        /// Elements where the matrices begin, and from row to row.
        input_base: u32,
        input_stride: u32,
        out_base: u32,
        out_stride: u32,
        /// What rows are divided by that are shorter.
        eps: f32,
    }
    Bindings {
        input: read [f32] as "array<Elem>",
        out: write [f32] as "array<Elem>",
    }
}

pub(crate) const WORKGROUP: u32 = 64;

/// Threads of a row.
const LANES: u32 = 16;

/// Groups for a number of rows, of every kernel with so many threads a row.
pub(crate) fn groups(rows: u32) -> u32 {
    rows.div_ceil(WORKGROUP / LANES)
}

/// Iterations of a thread's loops for rows of `cols` columns, of the gradient's too.
pub(crate) fn iterations(cols: usize) -> usize {
    cols.div_ceil(4 * LANES as usize) * 4 + 64
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
                concat!("prelude/out_", $width, ".wgsl"),
                "prelude/norm.wgsl",
                "prelude/lanes.wgsl",
                "dense/normalize_rows/row_norm.wgsl",
                "dense/normalize_rows.wgsl"
            ],
        }
    };
}

pub(crate) static KERNEL: Kernel = Kernel {
    name: "normalize_rows",
    about: "out[r] = x[r] / max(|x[r]|, eps)",
    interface: INTERFACE,
    variants: &[variant!("vec4"), variant!("scalar")],
    parity: Parity::Bits,
    twin: |call| twin::run(call.into()),
    #[cfg(feature = "testing")]
    cases: cases::cases,
};
