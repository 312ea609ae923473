//! A step of temporal-difference learning.

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
        /// Of theta, and of omega.
        entries: u32,
        /// Elements where the features begin, from one to the next, and from instance to instance, of the state
        /// and of the next one; and where the rewards begin.
        now_base: u32,
        now_stride: u32,
        now_step: u32,
        next_base: u32,
        next_stride: u32,
        next_step: u32,
        reward_base: u32,
        /// Of what comes after a transition.
        discount: f32,
        /// What omega is held back by.
        ridge: f32,
        /// The steps of theta and of omega.
        rate: f32,
        dual_rate: f32,
        /// What the gradients and the last means are multiplied by.
        gain: f32,
        keep: f32,
        /// 1: the means are corrected by the gradients of the same transition before the step.
        is_reduced: u32,
    }
    Bindings {
        /// Features of all instances.
        now: read [f32],
        next: read [f32],
        /// One for each instance.
        reward: read [f32],
        /// Entries x instances.
        theta: write [f32],
        omega: write [f32],
        /// The means of theta's gradients, and below them those of omega's.
        means: write [f32],
        /// 6 rows x instances for each unit.
        hidden: write [f32],
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
                "decide/tanh_exact.wgsl",
                concat!("decide/td_", $name, ".wgsl"),
                "decide/td_step.wgsl"
            ],
        }
    };
}

/// The variant of linear values, and of tanh units.
pub(crate) const LINEAR: usize = 0;
pub(crate) const TANH: usize = 1;

pub(crate) static KERNEL: Kernel = Kernel {
    name: "td_step",
    about: "theta -= rate p, omega += dual_rate d; p and d = gain gradient + keep (last - gradient before), of delta <grad V, omega> - <grad V, omega>^2 / 2",
    interface: INTERFACE,
    variants: &[variant!("linear"), variant!("tanh")],
    parity: Parity::Bits,
    twin: |call| twin::run(call.into()),
    #[cfg(feature = "testing")]
    cases: cases::cases,
};
