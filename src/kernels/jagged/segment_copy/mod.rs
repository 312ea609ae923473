//! Values of segments that come from another jagged tensor.

#[cfg(feature = "testing")]
pub(crate) mod cases;
pub(crate) mod twin;

use crate::kernel::{Kernel, Parity, Shape, Variant, fragments, read, write};
use crate::kernels::segment_lengths::Params;

pub(crate) static KERNEL: Kernel = Kernel {
    name: "segment_copy",
    about: "out[segment s] = source[segment other(s)], or the other way round",
    bindings: &[
        read("status"),
        read("begins"),
        read("other_begins"),
        read("order"),
        read("source"),
        write("out"),
    ],
    params: Params::LAYOUT,
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
    twin: twin::run,
    #[cfg(feature = "testing")]
    cases: cases::cases,
};
