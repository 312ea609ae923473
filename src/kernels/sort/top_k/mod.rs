//! The largest values of rows.

#[cfg(feature = "testing")]
pub(crate) mod cases;
pub(crate) mod twin;

use crate::kernel::{Kernel, Parity, Shape, Variant, fragments, interface};

interface! {
    /// Uniform parameters.
    Params {
        rows: u32,
        cols: u32,
        /// Columns of a part, and parts of a row; the last may be shorter.
        part: u32,
        parts: u32,
        /// Values that are looked for in a part.
        k: u32,
        /// Element of the first value, and elements from row to row.
        values_base: u32,
        values_stride: u32,
        /// 1: the columns are those in `columns`, in ascending order.
        listed: u32,
        /// Values from row to row of the output.
        out_stride: u32,
    }
    Bindings {
        values: read [f32],
        columns: read [u32],
        out_values: write [f32],
        out_columns: write [u32],
    }
}

/// A thread for each digit.
const WORKGROUP: u32 = 256;

/// The longest part whose loops a thread may end, if there is a limit for its iterations.
pub(crate) fn longest_part(loop_limit: Option<u32>) -> u32 {
    // eight passes and the writing, and what does not depend on the length
    loop_limit.map_or(u32::MAX, |limit| limit.saturating_sub(500) / 18 * WORKGROUP)
}

pub(crate) static KERNEL: Kernel = Kernel {
    name: "top_k",
    about: "the k largest values of each part of a row, in the order of their columns",
    interface: INTERFACE,
    variants: &[Variant {
        name: "any",
        shape: Shape::Any,
        workgroup: WORKGROUP,
        constants: &[],
        sources: fragments!["prelude/grid.wgsl", "sort/top_k/ordered.wgsl", "sort/top_k.wgsl"],
    }],
    parity: Parity::Bits,
    twin: |call| twin::run(call.into()),
    #[cfg(feature = "testing")]
    cases: cases::cases,
};
