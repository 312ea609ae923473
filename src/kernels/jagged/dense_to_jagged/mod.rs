//! Rows of one length as segments.

#[cfg(feature = "testing")]
pub(crate) mod cases;
pub(crate) mod twin;

use crate::kernel::{Kernel, Parity, Shape, Variant, fragments, interface};
use crate::kernels::feature::Status;
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
                "jagged/dense_to_jagged.wgsl"
            ],
        }
    };
}

interface! {
    Bindings {
        status: read Status,
        begins: read [u32],
        dense: read [f32] as "array<Elem>",
        values: write [f32] as "array<Elem>",
    }
}

pub(crate) static KERNEL: Kernel = Kernel {
    name: "dense_to_jagged",
    about: "values[offsets[s] + j] = dense[s][j], or 0",
    interface: INTERFACE,
    variants: &[variant!("vec4"), variant!("scalar")],
    parity: Parity::Bits,
    twin: |call| twin::run(call.into()),
    #[cfg(feature = "testing")]
    cases: cases::cases,
};
