//! Pooling of the chunks of lists.

#[cfg(feature = "testing")]
pub(crate) mod cases;
pub(crate) mod twin;

use crate::kernel::{Kernel, Parity, Shape, Variant, fragments, interface};
use crate::kernels::feature::Status;

interface! {
    /// Uniform parameters.
    Params {
        /// Sixteens of columns of the output.
        work: u32,
        /// Columns of a chunk, a multiple of sixteen.
        width: u32,
        /// Entries of a window.
        entries: u32,
        /// 1: nothing was written before.
        initial: u32,
    }
    Bindings {
        status: read Status,
        lists: read [u32],
        store_0: read [f32] as "array<vec4<f32>>",
        store_1: read [f32] as "array<vec4<f32>>",
        store_2: read [f32] as "array<vec4<f32>>",
        store_3: read [f32] as "array<vec4<f32>>",
        out: write [f32] as "array<OutElem>",
    }
}

/// The index of the variant for outputs that begin at multiples of four elements in every row, or do not.
pub(crate) fn variant(vec4: bool) -> usize {
    usize::from(!vec4)
}

macro_rules! variant {
    ($width:literal) => {
        Variant {
            name: $width,
            shape: Shape::Any,
            workgroup: 64,
            constants: &[],
            sources: fragments![
                "prelude/grid.wgsl",
                "prelude/status.wgsl",
                "prelude/chunk_list.wgsl",
                concat!("prelude/elem_", $width, ".wgsl"),
                concat!("prelude/out_", $width, ".wgsl"),
                "chunk/chunk_pool.wgsl"
            ],
        }
    };
}

pub(crate) static KERNEL: Kernel = Kernel {
    name: "chunk_pool",
    about: "out[bag] = sum or mean of the chunks in the lists of four windows",
    interface: INTERFACE,
    variants: &[variant!("vec4"), variant!("scalar")],
    parity: Parity::Bits,
    twin: |call| twin::run(call.into()),
    #[cfg(feature = "testing")]
    cases: cases::cases,
};
