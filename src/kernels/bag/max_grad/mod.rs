//! The gradient of maxima, position by position.

#[cfg(feature = "testing")]
pub(crate) mod cases;
pub(crate) mod twin;

use crate::kernel::{Kernel, Parity, Shape, Variant, fragments, params, read, write};

params! {
    /// Uniform parameters.
    Params {
        first_bag: u32,
        bags: u32,
        /// Positions times columns.
        values: u32,
        dim: u32,
        /// Where the gradient begins, and from row to row.
        grad_base: u32,
        grad_stride: u32,
    }
}

pub(crate) static KERNEL: Kernel = Kernel {
    name: "max_grad",
    about: "out[p][c] = the bag's gradient if position p was the largest in column c, else 0",
    bindings: &[read("status"), read("offsets"), read("places"), read("grad"), write("out")],
    params: Params::LAYOUT,
    variants: &[Variant {
        name: "any",
        shape: Shape::Any,
        workgroup: 64,
        constants: &[],
        sources: fragments!["prelude/grid.wgsl", "prelude/status.wgsl", "bag/max_grad.wgsl"],
    }],
    parity: Parity::Bits,
    twin: twin::run,
    #[cfg(feature = "testing")]
    cases: cases::cases,
};
