//! The queues and prices of constraints.

#[cfg(feature = "testing")]
pub(crate) mod cases;
pub(crate) mod twin;

use crate::kernel::{Kernel, Parity, Shape, Variant, fragments, interface};

interface! {
    /// Uniform parameters.
    Params {
        instances: u32,
        entries: u32,
        constraints: u32,
        /// 1: all instances have the same normals, constraints x entries.
        shared_normals: u32,
    }
    Bindings {
        /// Constraints x entries x instances.
        normals: read [f32],
        /// Constraints x instances.
        bounds: read [f32],
        /// As in `decide/rates.wgsl`.
        rates: read [f32],
        /// Entries x instances.
        point: read [f32],
        /// Constraints x instances.
        queues: write [f32],
        prices: write [f32],
    }
}

pub(crate) static KERNEL: Kernel = Kernel {
    name: "prox_dual",
    about: "g = <normal, x> - bound; queue = max(-weight g, queue + weight g); price = weight (queue + weight g)",
    interface: INTERFACE,
    variants: &[Variant {
        name: "any",
        shape: Shape::Any,
        workgroup: 64,
        constants: &[],
        sources: fragments![
            "prelude/grid.wgsl",
            "decide/rates.wgsl",
            "decide/normals.wgsl",
            "decide/prox_dual.wgsl"
        ],
    }],
    parity: Parity::Bits,
    twin: |call| twin::run(call.into()),
    #[cfg(feature = "testing")]
    cases: cases::cases,
};
