//! What pairs are worth against a rival.

#[cfg(feature = "testing")]
pub(crate) mod cases;
pub(crate) mod twin;

use crate::kernel::{Kernel, Parity, Shape, Variant, fragments, interface};

interface! {
    /// Uniform parameters.
    Params {
        instances: u32,
        /// Of the side whose payoff it is.
        pairs: u32,
        actions: u32,
        rival_actions: u32,
        /// 0: of the first side, whose pairs are rows of meetings; 1: of the second.
        side: u32,
        /// 1: both sides are in the same state.
        shared_states: u32,
        /// Elements where the rewards begin, and from row to row.
        rewards_base: u32,
        rewards_stride: u32,
        /// What is added to rewards that were met once; 0: they are known.
        bonus: f32,
    }
    Bindings {
        /// As in `decide/places.wgsl`, of the side and of its rival.
        places: read [u32],
        rival_places: read [u32],
        /// Of each layer the first meeting, and how many a row has.
        meetings: read [u32],
        /// Meetings x instances: means of what was seen, and how often.
        rewards: read [f32],
        counts: read [u32],
        /// Rival's pairs x instances.
        weights: read [f32],
        /// Pairs x instances.
        payoff: write [f32],
    }
}

pub(crate) static KERNEL: Kernel = Kernel {
    name: "game_payoff",
    about: "payoff(s, a) = sum over the rival's (t, b) of weight(t, b) (reward(s, a, t, b) + bonus / sqrt(count)), from 0 to 1",
    interface: INTERFACE,
    variants: &[Variant {
        name: "any",
        shape: Shape::Any,
        workgroup: 64,
        constants: &[],
        sources: fragments!["prelude/grid.wgsl", "decide/places.wgsl", "decide/game_payoff.wgsl"],
    }],
    parity: Parity::Bits,
    twin: |call| twin::run(call.into()),
    #[cfg(feature = "testing")]
    cases: cases::cases,
};
