//! What a policy is worth, and a step of it.

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
        /// 0: what is done changes no state.
        moves: u32,
        /// The step, in powers of two; below 0 towards what is worth less.
        rate: f32,
        /// What is added to the worth of a pair with one next state that was visited once.
        bonus: f32,
    }
    Bindings {
        /// As in `decide/places.wgsl`.
        places: read [u32],
        /// Pairs x instances.
        payoff: read [f32],
        /// Moves x instances.
        model: read [f32],
        /// Pairs x instances.
        visits: read [u32],
        /// Pairs x instances: logarithms to base 2, the largest of each state 0.
        weights: write [f32],
        policy: write [f32],
        /// States x instances.
        values: write [f32],
    }
}

pub(crate) static KERNEL: Kernel = Kernel {
    name: "backward_dp",
    about: "worth = payoff + model values' + bonus / sqrt(visits), from 0 to what is left; values = <policy, worth>; policy = policy 2^(rate worth)",
    interface: INTERFACE,
    variants: &[Variant {
        name: "any",
        shape: Shape::Any,
        workgroup: 64,
        constants: &[],
        sources: fragments![
            "prelude/grid.wgsl",
            "prelude/powers.wgsl",
            "prelude/shares.wgsl",
            "decide/places.wgsl",
            "decide/backward_dp.wgsl"
        ],
    }],
    parity: Parity::Bits,
    twin: |call| twin::run(call.into()),
    #[cfg(feature = "testing")]
    cases: cases::cases,
};
