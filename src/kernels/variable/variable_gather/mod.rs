//! Rows of differing dimensions by their keys.

#[cfg(feature = "testing")]
pub(crate) mod cases;
pub(crate) mod twin;

use crate::kernel::{Kernel, Parity, params, read, write};
use crate::kernels::part::by_key;

params! {
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
        /// 1: into the rows of a matrix; 0: one after the other.
        matrix: u32,
        /// Columns of the matrix, where it begins, and from row to row, in elements of the variant's width.
        cols: u32,
        out_base: u32,
        out_stride: u32,
    }
}

pub(crate) static KERNEL: Kernel = Kernel {
    name: "variable_gather",
    about: "rows of differing dims next to each other, or in rows of a matrix with zeros behind",
    bindings: &[read("parts"), read("keys"), read("offsets"), read("rows"), write("out")],
    params: Params::LAYOUT,
    variants: &[
        by_key!("vec4", 4, "variable/variable_gather.wgsl"),
        by_key!("scalar", 1, "variable/variable_gather.wgsl"),
    ],
    parity: Parity::Bits,
    twin: twin::run,
    #[cfg(feature = "testing")]
    cases: cases::cases,
};
