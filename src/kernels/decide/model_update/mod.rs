//! What episodes say of the moves between states.

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
        /// 1: the model is that of the present epoch, and a new one begins where visits doubled; 0: it is
        /// that of all that was seen.
        epochs: u32,
        /// How often every move is taken to have been seen before the first.
        prior: f32,
        /// How far moves of a pair with one next state that was visited once may be from the model's; 0: not
        /// at all.
        radius: f32,
    }
    Bindings {
        /// As in `decide/places.wgsl`.
        places: read [u32],
        /// For each layer, the pair of state and action within it.
        path: read [u32],
        /// Pairs x instances, and moves x instances, since the beginning.
        visits: write [u32],
        moves: write [u32],
        /// Visits when the epoch began; below them, the number of epochs.
        begun: write [u32],
        /// Moves x instances; below them, where there is a radius, how far each pair's moves may be from
        /// these.
        model: write [f32],
    }
}

pub(crate) static KERNEL: Kernel = Kernel {
    name: "model_update",
    about: "visits and moves of a path are counted; model = (moves + prior) / (visits + states prior), of pairs that were visited or when visits doubled; radius = sqrt(states / visits)",
    interface: INTERFACE,
    variants: &[Variant {
        name: "any",
        shape: Shape::Any,
        workgroup: 64,
        constants: &[],
        sources: fragments!["prelude/grid.wgsl", "decide/places.wgsl", "decide/model_update.wgsl"],
    }],
    parity: Parity::Bits,
    twin: |call| twin::run(call.into()),
    #[cfg(feature = "testing")]
    cases: cases::cases,
};
