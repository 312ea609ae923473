//! Values of segments that come from another jagged tensor.

#[cfg(feature = "testing")]
pub(crate) mod cases;
pub(crate) mod twin;

use crate::kernel::{Kernel, Parity, Shape, Variant, fragments, interface};
use crate::kernels::feature::Status;
use crate::kernels::segment_lengths::Params;

interface! {
    Bindings {
        status: read Status,
        /// Offsets of the tensor that is walked, and of the other.
        begins: read [u32],
        other_begins: read [u32],
        order: read [u32],
        source: read [u32],
        out: write [u32],
    }
}

pub(crate) static KERNEL: Kernel = Kernel {
    name: "segment_copy",
    about: "out[segment s] = source[segment other(s)], or the other way round",
    interface: INTERFACE,
    variants: &[Variant {
        name: "any",
        shape: Shape::Any,
        workgroup: 256,
        constants: &[],
        sources: fragments![
            "prelude/grid.wgsl",
            "prelude/status.wgsl",
            "prelude/find_segment.wgsl",
            "prelude/segment_map.wgsl",
            "jagged/segment_copy.wgsl"
        ],
    }],
    parity: Parity::Bits,
    twin: |call| twin::run(call.into()),
    #[cfg(feature = "testing")]
    cases: cases::cases,
};
