//! Pooled rows of differing dimensions.

#[cfg(feature = "testing")]
pub(crate) mod cases;
pub(crate) mod twin;

use crate::kernel::{Kernel, Parity, interface};
use crate::kernels::part::{Part, by_key};

interface! {
    /// Uniform parameters.
    Params {
        /// Bags.
        bags: u32,
        /// Table parts.
        parts: u32,
        /// Keys of this window.
        key_begin: u32,
        /// One past the last of them.
        key_end: u32,
        /// 1: divided by the number of ids.
        mean: u32,
        /// 1: written; 0: added to what earlier windows wrote.
        initial: u32,
        /// Columns of the output, where it begins, and from row to row, in elements of the variant's width.
        cols: u32,
        out_base: u32,
        out_stride: u32,
    }
    Bindings {
        parts: read [Part],
        keys: read [u32],
        bags: read [u32],
        rows: read [f32] as "array<Elem>",
        out: write [f32] as "array<Elem>",
    }
}

pub(crate) static KERNEL: Kernel = Kernel {
    name: "variable_pool",
    about: "sums and means of bags of rows of differing dims",
    interface: INTERFACE,
    variants: &[
        by_key!("vec4", 4, "variable/variable_pool.wgsl"),
        by_key!("scalar", 1, "variable/variable_pool.wgsl"),
    ],
    parity: Parity::Bits,
    twin: |call| twin::run(call.into()),
    #[cfg(feature = "testing")]
    cases: cases::cases,
};
