//! What a device can compute, for `roofline`.

#[cfg(feature = "testing")]
pub(crate) mod cases;
pub(crate) mod twin;

use crate::kernel::{Kernel, Parity, Shape, Variant, fragments, interface};

/// Chains of a thread, and steps of a round.
pub(crate) const CHAINS: usize = 16;

pub(crate) const STEPS: u32 = 4;

interface! {
    /// Uniform parameters.
    Params {
        threads: u32,
        /// Of [`STEPS`] each.
        rounds: u32,
        /// What each step multiplies by and adds.
        factor: f32,
        term: f32,
    }
    Bindings {
        out: write [f32],
    }
}

pub(crate) static KERNEL: Kernel = Kernel {
    name: "arithmetic",
    about: "chains of products and sums that do not wait for each other",
    interface: INTERFACE,
    variants: &[Variant {
        name: "any",
        shape: Shape::Any,
        workgroup: 256,
        constants: &[],
        sources: fragments!["prelude/grid.wgsl", "device/arithmetic.wgsl"],
    }],
    parity: Parity::Bits,
    twin: |call| twin::run(call.into()),
    #[cfg(feature = "testing")]
    cases: cases::cases,
};
