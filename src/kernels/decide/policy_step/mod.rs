//! The policy of occupancies.

#[cfg(feature = "testing")]
pub(crate) mod cases;
pub(crate) mod twin;

use crate::kernel::{Kernel, Parity, Shape, Variant, fragments, interface};

interface! {
    /// Uniform parameters.
    Params {
        instances: u32,
        /// Layers with actions.
        layers: u32,
        actions: u32,
    }
    Bindings {
        /// As in `decide/places.wgsl`.
        places: read [u32],
        /// Pairs x instances.
        occupancy: read [f32],
        /// Pairs x instances.
        policy: write [f32],
    }
}

pub(crate) static KERNEL: Kernel = Kernel {
    name: "policy_step",
    about: "policy(a|s) = occupancy(s, a) / sum_a occupancy",
    interface: INTERFACE,
    variants: &[Variant {
        name: "any",
        shape: Shape::Any,
        workgroup: 64,
        constants: &[],
        sources: fragments!["prelude/grid.wgsl", "decide/places.wgsl", "decide/policy_step.wgsl"],
    }],
    parity: Parity::Bits,
    twin: |call| twin::run(call.into()),
    #[cfg(feature = "testing")]
    cases: cases::cases,
};
