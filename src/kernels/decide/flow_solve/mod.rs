//! The occupancies nearest to an anchor.

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
        /// Sweeps at most.
        sweeps: u32,
        /// 1: of the first dispatch of a solve.
        first: u32,
        /// The difference between what comes to a state and leaves it that is small enough.
        tolerance: f32,
    }
    Bindings {
        /// As in `decide/places.wgsl`.
        places: read [u32],
        /// Pairs x instances, in powers of two.
        price: read [f32],
        /// Moves x instances.
        model: read [f32],
        anchor: read [f32],
        /// Pairs x instances.
        base: write [f32],
        /// States x instances; below them, the largest difference that is left.
        potentials: write [f32],
        /// Pairs x instances.
        occupancy: write [f32],
    }
}

pub(crate) static KERNEL: Kernel = Kernel {
    name: "flow_solve",
    about: "occupancies q with the flow of the model: argmin -<price, q> + KL(q model || anchor), by scaling of potentials",
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
            "decide/flow_solve.wgsl"
        ],
    }],
    parity: Parity::Bits,
    twin: |call| twin::run(call.into()),
    #[cfg(feature = "testing")]
    cases: cases::cases,
};
