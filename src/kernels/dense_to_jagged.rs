//! Rows of one length as segments.

use super::jagged_to_dense::{self, Params};
use crate::kernel::{Kernel, Parity, Shape, Variant, fragments, read, write};

macro_rules! variant {
    ($width:literal) => {
        Variant {
            name: $width,
            shape: Shape::Any,
            workgroup: 256,
            constants: &[],
            sources: fragments![
                "prelude/grid.wgsl",
                "prelude/status.wgsl",
                "prelude/find_segment.wgsl",
                concat!("prelude/elem_", $width, ".wgsl"),
                "prelude/padded_params.wgsl",
                "dense_to_jagged.wgsl"
            ],
        }
    };
}

pub(crate) static KERNEL: Kernel = Kernel {
    name: "dense_to_jagged",
    about: "values[offsets[s] + j] = dense[s][j], or 0",
    bindings: &[read("status"), read("begins"), read("dense"), write("values")],
    params: Params::LAYOUT,
    variants: &[variant!("vec4"), variant!("scalar")],
    parity: Parity::Bits,
    twin: crate::cpu::dense_to_jagged::run,
    cases: || jagged_to_dense::cases(false),
};
