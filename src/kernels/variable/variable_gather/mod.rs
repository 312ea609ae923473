//! Rows of differing dimensions by their keys.

#[cfg(feature = "testing")]
pub(crate) mod cases;
pub(crate) mod twin;

use crate::kernel::{Kernel, Parity, interface};
use crate::kernels::part::{Part, by_key};

interface! {
    /// Uniform parameters.
    Params {
        /// Keys.
        len: u32,
        /// Table parts.
        parts: u32,
        /// Keys of this window.
        key_begin: u32,
        /// One past the last of them.
        key_end: u32,
        /// Threads for a row.
        lanes: u32,
        /// From there on keys are no rows: those of a matrix become zeros, one after the other there are none.
        zero_from: u32,
        /// 1: into the rows of a matrix; 0: one after the other.
        matrix: u32,
        /// Columns of the matrix, where it begins, and from row to row, in elements of the variant's width.
        cols: u32,
        out_base: u32,
        out_stride: u32,
    }
    Bindings {
        parts: read [Part],
        keys: read [u32],
        offsets: read [u32],
        rows: read [u32] as "array<Elem>",
        out: write [u32] as "array<Elem>",
    }
}

pub(crate) static KERNEL: Kernel = Kernel {
    name: "variable_gather",
    about: "rows of differing dims next to each other, or in rows of a matrix with zeros behind",
    interface: INTERFACE,
    variants: &[
        by_key!("vec4", 4, "variable/variable_gather.wgsl"),
        by_key!("scalar", 1, "variable/variable_gather.wgsl"),
    ],
    parity: Parity::Bits,
    twin: |call| twin::run(call.into()),
    #[cfg(feature = "testing")]
    cases: cases::cases,
};
