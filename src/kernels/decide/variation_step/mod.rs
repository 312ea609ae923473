//! How much losses vary, and the rates that follow from it.

#[cfg(feature = "testing")]
pub(crate) mod cases;
pub(crate) mod twin;

use crate::kernel::{Kernel, Parity, Shape, Variant, fragments, interface};

interface! {
    /// Uniform parameters.
    Params {
        instances: u32,
        entries: u32,
        constraints: u32,
        /// Elements where the gradient begins, and from row to row.
        gradient_base: u32,
        gradient_stride: u32,
        /// The square of the losses' smoothness.
        smoothness: f32,
    }
    Bindings {
        gradient: read [f32],
        /// Entries x instances: the last gradient, and then this one.
        last: write [f32],
        /// As in `decide/rates.wgsl`.
        rates: write [f32],
        /// Constraints x instances.
        queues: write [f32],
    }
}

macro_rules! variant {
    ($name:literal, $simplex:literal) => {
        Variant {
            name: $name,
            shape: Shape::Any,
            workgroup: 64,
            constants: &[("SIMPLEX", $simplex)],
            sources: fragments!["prelude/grid.wgsl", "decide/rates.wgsl", "decide/variation_step.wgsl"],
        }
    };
}

pub(crate) static KERNEL: Kernel = Kernel {
    name: "variation_step",
    about: "seen += |gradient - last|^2; where it passes the guess: guess = 2 seen, and weight and pull by it",
    interface: INTERFACE,
    variants: &[variant!("ball", 0), variant!("simplex", 1)],
    parity: Parity::Bits,
    twin: |call| twin::run(call.into()),
    #[cfg(feature = "testing")]
    cases: cases::cases,
};
