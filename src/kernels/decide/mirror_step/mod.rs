//! A step of mirror descent.

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
        /// Elements where the gradient begins, and from row to row.
        gradient_base: u32,
        gradient_stride: u32,
        /// Of the ball.
        radius: f32,
        /// The share of the uniform point that is mixed into a point of the simplex before the step.
        mix: f32,
    }
    Bindings {
        gradient: read [f32],
        /// Constraints x instances.
        prices: read [f32],
        /// Constraints x entries x instances.
        normals: read [f32],
        /// As in `decide/rates.wgsl`.
        rates: read [f32],
        /// Entries x instances: where the step begins, and where it ends.
        point: write [f32],
    }
}

macro_rules! variant {
    ($name:literal, $simplex:literal) => {
        Variant {
            name: $name,
            shape: Shape::Any,
            workgroup: 64,
            constants: &[("SIMPLEX", $simplex)],
            sources: fragments![
                "prelude/grid.wgsl",
                "prelude/powers.wgsl",
                "prelude/shares.wgsl",
                "decide/rates.wgsl",
                "decide/normals.wgsl",
                "decide/mirror_step.wgsl"
            ],
        }
    };
}

/// The variant of points of the probability simplex.
pub(crate) const SIMPLEX: usize = 1;

pub(crate) static KERNEL: Kernel = Kernel {
    name: "mirror_step",
    about: "x = argmin <gradient + sum_k price_k normal_k, x> + pull D(x, point), in a ball or on the simplex",
    interface: INTERFACE,
    variants: &[variant!("ball", 0), variant!("simplex", 1)],
    parity: Parity::Bits,
    twin: |call| twin::run(call.into()),
    #[cfg(feature = "testing")]
    cases: cases::cases,
};
