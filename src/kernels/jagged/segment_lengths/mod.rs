//! Lengths of segments that come from another jagged tensor.

#[cfg(feature = "testing")]
pub(crate) mod cases;
pub(crate) mod twin;

use crate::kernel::{Kernel, Parity, Shape, Variant, fragments, interface};
use crate::kernels::feature::Status;

interface! {
    /// Uniform parameters, shared with `segment_copy`.
    Params {
        /// Values of the tensor that is walked.
        len: u32,
        /// Its segments.
        segments: u32,
        /// Its examples.
        batch: u32,
        /// Examples of the other tensor.
        other_batch: u32,
        /// Example of the other tensor where the walked one's begin.
        first: u32,
        /// 0: the walked tensor is made of the other; 1: it becomes a part of the other.
        scatter: u32,
        /// Values that count as one in a length.
        piece: u32,
    }
    Bindings {
        status: read Status,
        offsets: read [u32],
        order: read [u32],
        lengths: write [u32],
    }
}

pub(crate) static KERNEL: Kernel = Kernel {
    name: "segment_lengths",
    about: "lengths[s] = offsets[other(s) + 1] - offsets[other(s)], or the other way round; in pieces",
    interface: INTERFACE,
    variants: &[Variant {
        name: "any",
        shape: Shape::Any,
        workgroup: 64,
        constants: &[],
        sources: fragments![
            "prelude/grid.wgsl",
            "prelude/status.wgsl",
            "prelude/segment_map.wgsl",
            "jagged/segment_lengths.wgsl"
        ],
    }],
    parity: Parity::Bits,
    twin: |call| twin::run(call.into()),
    #[cfg(feature = "testing")]
    cases: cases::cases,
};
