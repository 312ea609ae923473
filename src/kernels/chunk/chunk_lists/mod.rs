//! Slots of bags by the windows of the store.

#[cfg(feature = "testing")]
pub(crate) mod cases;
pub(crate) mod twin;

use crate::kernel::{Kernel, Parity, Shape, Variant, fragments, interface};
use crate::kernels::chunk_forward::ChunkFeature;
use crate::kernels::feature::Status;

/// Windows whose lists are made together.
pub(crate) const WINDOWS: usize = 4;

/// What a thread of [`chunk_pool`](crate::kernels::chunk_pool) sums; these lie before the slots of all lists.
#[repr(C)]
#[derive(Debug, Clone, Copy, bytemuck::Pod, bytemuck::Zeroable)]
pub(crate) struct List {
    /// The first entry of the first window, and entries from one of its slots to the next.
    pub(crate) begin: u32,
    pub(crate) step: u32,
    /// Element of the output, and what sums are divided by.
    pub(crate) out: u32,
    pub(crate) divisor: u32,
    /// Where the entries of each window end.
    pub(crate) ends: [u32; WINDOWS],
}

/// Words of a [`List`].
pub(crate) const LIST_WORDS: u32 = 8;

interface! {
    /// Uniform parameters.
    Params {
        features: u32,
        /// Bags of a feature, and chunks of the rows of all features.
        bags: u32,
        chunks: u32,
        /// Elements from row to row of the output.
        out_stride: u32,
        /// Columns of a chunk.
        width: u32,
        /// The slots of the windows, and those of each but the last.
        first_slot: u32,
        slots: u32,
        window_slots: u32,
        /// Entries of a window.
        entries: u32,
    }
    Bindings {
        status: read Status,
        features: read [ChunkFeature],
        offsets: read [u32],
        rows: read [u32],
        slots: read [u32],
        lists: write [u32],
    }
}

/// Neighbours that take one chunk of as many bags: the lanes of a software adapter.
const NEIGHBOURS: u32 = 8;

/// Threads in all, if a `u32` counts them.
pub(crate) fn threads(params: &Params) -> Option<u32> {
    params.bags.checked_next_multiple_of(NEIGHBOURS)?.checked_mul(params.chunks)
}

pub(crate) static KERNEL: Kernel = Kernel {
    name: "chunk_lists",
    about: "the slots of each bag's ids by the windows of the store, chunk by chunk",
    interface: INTERFACE,
    variants: &[Variant {
        name: "any",
        shape: Shape::Any,
        workgroup: 64,
        constants: &[("NEIGHBOURS", NEIGHBOURS)],
        sources: fragments![
            "prelude/grid.wgsl",
            "prelude/status.wgsl",
            "prelude/pooling.wgsl",
            "prelude/find_feature.wgsl",
            "prelude/chunk_list.wgsl",
            "chunk/chunk_lists.wgsl"
        ],
    }],
    parity: Parity::Bits,
    twin: |call| twin::run(call.into()),
    #[cfg(feature = "testing")]
    cases: cases::cases,
};
