//! Occupancies of a policy.

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
        policy: read [f32],
        /// Moves x instances.
        model: read [f32],
        /// States x instances.
        reached: write [f32],
        /// Pairs x instances.
        occupancy: write [f32],
    }
}

pub(crate) static KERNEL: Kernel = Kernel {
    name: "reach",
    about: "occupancy(s, a) = reached(s) policy(a|s); reached(s') = sum over (s, a) of occupancy(s, a) model(s'|s, a)",
    interface: INTERFACE,
    variants: &[Variant {
        name: "any",
        shape: Shape::Any,
        workgroup: 64,
        constants: &[],
        sources: fragments!["prelude/grid.wgsl", "decide/places.wgsl", "decide/reach.wgsl"],
    }],
    parity: Parity::Bits,
    twin: |call| twin::run(call.into()),
    #[cfg(feature = "testing")]
    cases: cases::cases,
};
