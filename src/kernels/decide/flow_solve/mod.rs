//! The occupancies nearest to an anchor.

#[cfg(feature = "testing")]
pub(crate) mod cases;
mod exact;
pub(crate) mod twin;
mod within;

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
        /// The share of the uniform occupancies in the anchor.
        mix: f32,
    }
    Bindings {
        /// As in `decide/places.wgsl`.
        places: read [u32],
        /// Pairs x instances, in powers of two.
        price: read [f32],
        /// Moves x instances; below them, where there is a radius, that of each pair.
        model: read [f32],
        /// Pairs x instances, or moves x instances where there is a radius: what weights begin with.
        work: write [f32],
        /// Where there is a radius, moves x instances: those of the occupancies.
        chosen: write [f32],
        /// States x instances; below them, the largest difference that is left.
        potentials: write [f32],
        /// Pairs x instances: the last ones, and then the new ones.
        occupancy: write [f32],
    }
}

macro_rules! variant {
    ($name:literal) => {
        Variant {
            name: $name,
            shape: Shape::Any,
            workgroup: 64,
            constants: &[],
            sources: fragments![
                "prelude/grid.wgsl",
                "prelude/powers.wgsl",
                "prelude/shares.wgsl",
                "decide/places.wgsl",
                concat!("decide/flow_", $name, ".wgsl"),
                "decide/flow_solve.wgsl"
            ],
        }
    };
}

/// The variant of moves that are the model's, and of moves within a radius of them.
pub(crate) const EXACT: usize = 0;
pub(crate) const WITHIN: usize = 1;

pub(crate) static KERNEL: Kernel = Kernel {
    name: "flow_solve",
    about: "occupancies q with the flow of the model, or of moves within a radius of it: argmin -<price, q> + KL(q moves || (1 - mix) last + mix uniform), by scaling of potentials",
    interface: INTERFACE,
    variants: &[variant!("exact"), variant!("within")],
    parity: Parity::Bits,
    twin: |call| twin::run(call.into()),
    #[cfg(feature = "testing")]
    cases: cases::cases,
};
