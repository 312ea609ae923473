//! The prices of an episode.

#[cfg(feature = "testing")]
pub(crate) mod cases;
pub(crate) mod twin;

use crate::kernel::{Kernel, Parity, Shape, Variant, fragments, interface};

interface! {
    /// Uniform parameters.
    Params {
        instances: u32,
        pairs: u32,
        constraints: u32,
        /// Elements where the matrices begin, and from row to row.
        loss_base: u32,
        loss_stride: u32,
        costs_base: u32,
        costs_stride: u32,
        budgets_base: u32,
        budgets_stride: u32,
        /// What a loss, and a cost times its queue, are multiplied by.
        loss_rate: f32,
        cost_rate: f32,
    }
    Bindings {
        /// Pairs x instances.
        loss: read [f32],
        /// Constraints x pairs x instances.
        costs: read [f32],
        /// Constraints x instances.
        budgets: read [f32],
        queues: read [f32],
        /// Of each constraint its costs, and then its budget.
        kept: write [f32],
        /// Pairs x instances.
        price: write [f32],
    }
}

pub(crate) static KERNEL: Kernel = Kernel {
    name: "flow_price",
    about: "price = -(loss_rate loss + sum_i cost_rate queue_i cost_i); costs and budgets are kept",
    interface: INTERFACE,
    variants: &[Variant {
        name: "any",
        shape: Shape::Any,
        workgroup: 64,
        constants: &[],
        sources: fragments!["prelude/grid.wgsl", "decide/flow_price.wgsl"],
    }],
    parity: Parity::Bits,
    twin: |call| twin::run(call.into()),
    #[cfg(feature = "testing")]
    cases: cases::cases,
};
