//! What was met in a game.

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
        /// Elements where the rewards begin, and from row to row.
        rewards_base: u32,
        rewards_stride: u32,
    }
    Bindings {
        /// Of each layer the first meeting, and how many a row has.
        meetings: read [u32],
        /// Layers x instances: pairs within their layer, of either side.
        path: read [u32],
        rival_path: read [u32],
        /// Layers x instances.
        rewards: read [f32],
        /// Meetings x instances.
        counts: write [u32],
        means: write [f32],
    }
}

pub(crate) static KERNEL: Kernel = Kernel {
    name: "payoff_update",
    about: "for each layer of two paths: count += 1, mean += (reward - mean) / count",
    interface: INTERFACE,
    variants: &[Variant {
        name: "any",
        shape: Shape::Any,
        workgroup: 64,
        constants: &[],
        sources: fragments!["prelude/grid.wgsl", "decide/payoff_update.wgsl"],
    }],
    parity: Parity::Bits,
    twin: |call| twin::run(call.into()),
    #[cfg(feature = "testing")]
    cases: cases::cases,
};
