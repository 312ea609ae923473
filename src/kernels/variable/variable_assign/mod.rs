//! New values for rows of differing dimensions.

#[cfg(feature = "testing")]
pub(crate) mod cases;
pub(crate) mod twin;

use crate::kernel::{Kernel, Parity, params, read, write};
use crate::kernels::part::by_key;

params! {
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
}

pub(crate) static KERNEL: Kernel = Kernel {
    name: "variable_assign",
    about: "rows of differing dims take the values of their last occurrence",
    bindings: &[read("parts"), read("keys"), read("terms"), read("values"), write("rows")],
    params: Params::LAYOUT,
    variants: &[
        by_key!("vec4", 4, "variable/variable_assign.wgsl"),
        by_key!("scalar", 1, "variable/variable_assign.wgsl"),
    ],
    parity: Parity::Bits,
    twin: twin::run,
    #[cfg(feature = "testing")]
    cases: cases::cases,
};
