//! Optimizers of dense parameters.

mod adagrad;
mod adam;
#[cfg(feature = "testing")]
pub(crate) mod cases;
mod sgd;
pub(crate) mod twin;

use crate::kernel::{Kernel, Parity, Shape, Variant, fragments, interface};

interface! {
    /// Uniform parameters.
    Params {
        /// Elements over four.
        quads: u32,
        /// Learning rate; with a bias correction, divided by it.
        lr: f32,
        /// Added to the root of the state.
        eps: f32,
        /// L2 penalty on the gradient.
        l2: f32,
        /// One minus learning rate times decoupled weight decay.
        keep: f32,
        beta2: f32,
        one_minus_beta1: f32,
        one_minus_beta2: f32,
        /// Square root of the second moment's bias correction.
        root_correction: f32,
    }
    Bindings {
        grad: read [f32] as "array<vec4<f32>>",
        weights: write [f32] as "array<vec4<f32>>",
        state: write [f32] as "array<vec4<f32>>",
    }
}

macro_rules! variant {
    ($optimizer:literal) => {
        Variant {
            name: $optimizer,
            shape: Shape::Any,
            workgroup: 64,
            constants: &[],
            sources: fragments![
                "prelude/grid.wgsl",
                concat!("dense/optimizer/", $optimizer, ".wgsl"),
                "dense/dense_update.wgsl"
            ],
        }
    };
}

/// Optimizers in the order of the variants, with the values of state for an element.
pub(crate) const OPTIMIZERS: [(&str, usize); 3] = [("sgd", 0), ("adagrad", 1), ("adam", 2)];

pub(crate) static KERNEL: Kernel = Kernel {
    name: "dense_update",
    about: "one step of an optimizer over a whole parameter",
    interface: INTERFACE,
    variants: &[variant!("sgd"), variant!("adagrad"), variant!("adam")],
    parity: Parity::Bits,
    twin: |call| twin::run(call.into()),
    #[cfg(feature = "testing")]
    cases: cases::cases,
};
