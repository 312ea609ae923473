//! Lookup and pooling of rows in chunks.

#[cfg(feature = "testing")]
pub(crate) mod cases;
pub(crate) mod twin;

use crate::kernel::{Kernel, Parity, Shape, Variant, fragments, interface, shared_struct};
use crate::kernels::feature::Status;

shared_struct! {
    /// One feature of a batch as one dispatch sees it. The features of a dispatch lie side by side in the
    /// output, in their order.
    ChunkFeature {
        /// First thread of the dispatch that works for this feature.
        work_begin: u32,
        /// The bag of the first row of the output; without pooling, the position.
        first_bag: u32,
        /// Chunks of a row.
        chunks: u32,
        /// A sum, a mean, or none.
        pooling: u32,
        /// Where the slots of the table's rows begin.
        slots_base: u32,
        /// Element of the output where the feature begins.
        out_base: u32,
        /// Where the entries of the id at position 0 would begin in
        /// [`chunk_lists`](crate::kernels::chunk_lists), wrapping around.
        lists_base: u32,
    }
}

interface! {
    /// Uniform parameters.
    Params {
        features: u32,
        /// Threads in all.
        work: u32,
        /// Rows of the output, and elements from row to row.
        bags: u32,
        out_stride: u32,
        /// Columns of a chunk.
        width: u32,
        /// The slots of the window, and the element of the first.
        first_slot: u32,
        slots: u32,
        base: u32,
        /// 1: nothing was written before.
        initial: u32,
        /// Where the per-sample weights begin among the rows; 0: there are none.
        weights: u32,
        /// Element type of the store.
        store_type: u32,
    }
    Bindings {
        status: read Status,
        features: read [ChunkFeature],
        offsets: read [u32],
        /// Behind them the weights.
        rows: read [u32],
        slots: read [u32],
        store: read [u32] as "array<StoreElem>",
        out: write [f32] as "array<OutElem>",
    }
}

/// How threads go about it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Way {
    /// Real GPUs: four columns a thread, and four rows on their way at a time.
    Wide,
    /// Software adapters: 16 columns a thread.
    Sixteen,
    /// The same with chunks of another width.
    Four,
}

impl Way {
    pub(crate) fn of(shape: Shape, width: u32) -> Self {
        match shape {
            Shape::Wide => Self::Wide,
            _ if width.is_multiple_of(16) => Self::Sixteen,
            _ => Self::Four,
        }
    }

    /// The columns that a thread takes.
    pub(crate) fn columns(self) -> u32 {
        if self == Self::Sixteen { 16 } else { 4 }
    }
}

/// The index of a variant; `vec4` if the output begins at a multiple of four elements, in every row, `halves`
/// for a store of values of 16 bits.
pub(crate) fn variant(way: Way, vec4: bool, halves: bool) -> usize {
    usize::from(halves) * 6 + way as usize * 2 + usize::from(!vec4)
}

macro_rules! variant {
    ($width:literal, $shape:ident, $types:literal, $name:literal, [$($body:literal),+]) => {
        Variant {
            name: $name,
            shape: Shape::$shape,
            workgroup: 64,
            constants: &[],
            sources: fragments![
                "prelude/grid.wgsl",
                "prelude/status.wgsl",
                "prelude/pooling.wgsl",
                "prelude/bag_ids.wgsl",
                "prelude/find_feature.wgsl",
                concat!("prelude/elem_", $width, ".wgsl"),
                concat!("prelude/out_", $width, ".wgsl"),
                "prelude/types.wgsl",
                concat!("prelude/store_", $types, ".wgsl"),
                "chunk/chunk_forward/main.wgsl",
                $($body),+
            ],
        }
    };
}

pub(crate) static KERNEL: Kernel = Kernel {
    name: "chunk_forward",
    about: "out[bag] = sum or mean of weight * row over the bag's ids, zeros where chunks are absent",
    interface: INTERFACE,
    variants: &[
        variant!(
            "vec4",
            Wide,
            "vec4",
            "vec4.wide",
            ["chunk/chunk_forward/four.wgsl", "chunk/chunk_forward.wgsl"]
        ),
        variant!(
            "scalar",
            Wide,
            "vec4",
            "scalar.wide",
            ["chunk/chunk_forward/four.wgsl", "chunk/chunk_forward.wgsl"]
        ),
        variant!("vec4", Serial, "vec4", "vec4.serial16", ["chunk/chunk_forward.serial16.wgsl"]),
        variant!("scalar", Serial, "vec4", "scalar.serial16", ["chunk/chunk_forward.serial16.wgsl"]),
        variant!(
            "vec4",
            Serial,
            "vec4",
            "vec4.serial4",
            ["chunk/chunk_forward/four.wgsl", "chunk/chunk_forward.serial4.wgsl"]
        ),
        variant!(
            "scalar",
            Serial,
            "vec4",
            "scalar.serial4",
            ["chunk/chunk_forward/four.wgsl", "chunk/chunk_forward.serial4.wgsl"]
        ),
        variant!(
            "vec4",
            Wide,
            "any",
            "vec4.halves.wide",
            ["chunk/chunk_forward/four.wgsl", "chunk/chunk_forward.wgsl"]
        ),
        variant!(
            "scalar",
            Wide,
            "any",
            "scalar.halves.wide",
            ["chunk/chunk_forward/four.wgsl", "chunk/chunk_forward.wgsl"]
        ),
        variant!("vec4", Serial, "any", "vec4.halves.serial16", ["chunk/chunk_forward.serial16.wgsl"]),
        variant!("scalar", Serial, "any", "scalar.halves.serial16", ["chunk/chunk_forward.serial16.wgsl"]),
        variant!(
            "vec4",
            Serial,
            "any",
            "vec4.halves.serial4",
            ["chunk/chunk_forward/four.wgsl", "chunk/chunk_forward.serial4.wgsl"]
        ),
        variant!(
            "scalar",
            Serial,
            "any",
            "scalar.halves.serial4",
            ["chunk/chunk_forward/four.wgsl", "chunk/chunk_forward.serial4.wgsl"]
        ),
    ],
    parity: Parity::Bits,
    twin: |call| twin::run(call.into()),
    #[cfg(feature = "testing")]
    cases: cases::cases,
};
