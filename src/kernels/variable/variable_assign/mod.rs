//! New values for rows of differing dimensions.

#[cfg(feature = "testing")]
pub(crate) mod cases;
pub(crate) mod twin;

use crate::kernel::{Kernel, Parity, interface};
use crate::kernels::part::{Part, by_key};

interface! {
    /// Uniform parameters.
    Params {
        /// Sorted keys.
        len: u32,
        /// Table parts.
        parts: u32,
        /// Keys of this window.
        key_begin: u32,
        /// One past the last of them.
        key_end: u32,
        /// Threads for a row.
        lanes: u32,
    }
    Bindings {
        parts: read [Part],
        keys: read [u32],
        terms: read [[u32; 2]],
        values: read [u32] as "array<Elem>",
        rows: write [u32] as "array<Elem>",
    }
}

pub(crate) static KERNEL: Kernel = Kernel {
    name: "variable_assign",
    about: "rows of differing dims take the values of their last occurrence",
    interface: INTERFACE,
    variants: &[
        by_key!("vec4", 4, "variable/variable_assign.wgsl"),
        by_key!("scalar", 1, "variable/variable_assign.wgsl"),
    ],
    parity: Parity::Bits,
    twin: |call| twin::run(call.into()),
    #[cfg(feature = "testing")]
    cases: cases::cases,
};
