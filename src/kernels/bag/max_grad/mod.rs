//! The gradient of maxima, position by position.

#[cfg(feature = "testing")]
pub(crate) mod cases;
pub(crate) mod twin;

use crate::kernel::{Kernel, Parity, Shape, Variant, fragments, interface};
use crate::kernels::feature::Status;

interface! {
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
    Bindings {
        status: read Status,
        offsets: read [u32],
        places: read [u32],
        grad: read [f32],
        out: write [f32],
    }
}

pub(crate) static KERNEL: Kernel = Kernel {
    name: "max_grad",
    about: "out[p][c] = the bag's gradient if position p was the largest in column c, else 0",
    interface: INTERFACE,
    variants: &[Variant {
        name: "any",
        shape: Shape::Any,
        workgroup: 64,
        constants: &[],
        sources: fragments!["prelude/grid.wgsl", "prelude/status.wgsl", "bag/max_grad.wgsl"],
    }],
    parity: Parity::Bits,
    twin: |call| twin::run(call.into()),
    #[cfg(feature = "testing")]
    cases: cases::cases,
};
