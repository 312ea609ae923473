//! The softmax of every row.

#[cfg(feature = "testing")]
pub(crate) mod cases;
pub(crate) mod twin;

use crate::kernel::{Kernel, Parity, Shape, Variant, fragments, interface};
use crate::kernels::normalize_rows::WORKGROUP;
pub(crate) use crate::kernels::normalize_rows::{groups, iterations};

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
        /// log2(e), times the factor of all values, which is above zero.
        rate: f32,
    }
    Bindings {
        input: read [f32] as "array<Elem>",
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
                concat!("prelude/out_", $width, ".wgsl"),
                "prelude/powers.wgsl",
                "prelude/shares.wgsl",
                "prelude/maximum.wgsl",
                "prelude/lanes.wgsl",
                "prelude/inside.wgsl",
                "dense/softmax_rows.wgsl"
            ],
        }
    };
}

pub(crate) static KERNEL: Kernel = Kernel {
    name: "softmax_rows",
    about: "out[r] = 2^((x[r] - max(x[r])) rate) / sum of these",
    interface: INTERFACE,
    variants: &[variant!("vec4"), variant!("scalar")],
    parity: Parity::Bits,
    twin: |call| twin::run(call.into()),
    #[cfg(feature = "testing")]
    cases: cases::cases,
};
