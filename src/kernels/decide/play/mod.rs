//! Episodes of a policy.

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
        seed: u32,
        episode: u32,
        /// 0, or how many actions the side has whose path says the states.
        leader_actions: u32,
    }
    Bindings {
        /// As in `decide/places.wgsl`.
        places: read [u32],
        /// Pairs x instances.
        policy: read [f32],
        /// Moves x instances: how likely they are.
        moves: read [f32],
        /// Layers x instances: pairs within their layer, of who moves the states.
        leader: read [u32],
        /// Layers x instances: pairs within their layer.
        path: write [u32],
    }
}

pub(crate) static KERNEL: Kernel = Kernel {
    name: "play",
    about: "path: for each layer an action drawn from policy, and a next state drawn from moves",
    interface: INTERFACE,
    variants: &[Variant {
        name: "any",
        shape: Shape::Any,
        workgroup: 64,
        constants: &[],
        sources: fragments![
            "prelude/grid.wgsl",
            "prelude/random.wgsl",
            "decide/places.wgsl",
            "decide/play.wgsl"
        ],
    }],
    parity: Parity::Bits,
    twin: |call| twin::run(call.into()),
    #[cfg(feature = "testing")]
    cases: cases::cases,
};
