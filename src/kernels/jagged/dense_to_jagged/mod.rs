//! Rows of one length as segments.

#[cfg(feature = "testing")]
pub(crate) mod cases;
pub(crate) mod twin;

use crate::kernel::{Kernel, Parity, Shape, Variant, fragments, read, write};
use crate::kernels::jagged_to_dense::Params;

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
                "jagged/dense_to_jagged.wgsl"
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
    twin: twin::run,
    #[cfg(feature = "testing")]
    cases: cases::cases,
};
