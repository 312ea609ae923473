//! Values of states.

#[cfg(feature = "testing")]
pub(crate) mod cases;
pub(crate) mod twin;

use crate::kernel::{Kernel, Parity, Shape, Variant, fragments, interface};

interface! {
    /// Uniform parameters.
    Params {
        instances: u32,
        features: u32,
        /// Tanh units; 0 where the value is linear.
        units: u32,
        /// Elements where the features begin, from one to the next, and from instance to instance.
        features_base: u32,
        features_stride: u32,
        features_step: u32,
    }
    Bindings {
        /// Features of all instances.
        features: read [f32],
        /// Entries x instances, as in `td_step`.
        theta: read [f32],
        /// One for each instance.
        values: write [f32],
    }
}

pub(crate) static KERNEL: Kernel = Kernel {
    name: "value_forward",
    about: "value = <theta, features>, or the sum over units of output tanh(<theta of the unit, features>)",
    interface: INTERFACE,
    variants: &[Variant {
        name: "any",
        shape: Shape::Any,
        workgroup: 64,
        constants: &[],
        sources: fragments![
            "prelude/grid.wgsl",
            "prelude/powers.wgsl",
            "decide/tanh_exact.wgsl",
            "decide/value_forward.wgsl"
        ],
    }],
    parity: Parity::Bits,
    twin: |call| twin::run(call.into()),
    #[cfg(feature = "testing")]
    cases: cases::cases,
};
