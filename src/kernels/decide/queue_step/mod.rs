//! The queues of constraints on occupancies.

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
        /// What a queue is at least: zero, or anything where more is added to it.
        least: f32,
    }
    Bindings {
        /// Of each constraint its costs, and then its budget.
        kept: read [f32],
        /// Pairs x instances.
        occupancy: read [f32],
        /// Constraints x instances.
        queues: write [f32],
    }
}

pub(crate) static KERNEL: Kernel = Kernel {
    name: "queue_step",
    about: "queue = max(queue + <cost, occupancy> - budget, least)",
    interface: INTERFACE,
    variants: &[Variant {
        name: "any",
        shape: Shape::Any,
        workgroup: 64,
        constants: &[],
        sources: fragments!["prelude/grid.wgsl", "decide/queue_step.wgsl"],
    }],
    parity: Parity::Bits,
    twin: |call| twin::run(call.into()),
    #[cfg(feature = "testing")]
    cases: cases::cases,
};
