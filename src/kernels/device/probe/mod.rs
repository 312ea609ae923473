//! Finds out whether a device keeps subnormals.

#[cfg(feature = "testing")]
pub(crate) mod cases;
pub(crate) mod twin;

use crate::kernel::{Kernel, Parity, Shape, Variant, fragments, interface};

interface! {
    /// Uniform parameters.
    Params {
        /// Always 0, which the shader's compiler does not know.
        unused: u32,
    }
    Bindings {
        values: write [f32],
    }
}

pub(crate) static KERNEL: Kernel = Kernel {
    name: "probe",
    about: "halves the smallest normal number, doubles the smallest subnormal",
    interface: INTERFACE,
    variants: &[Variant {
        name: "any",
        shape: Shape::Any,
        workgroup: 1,
        constants: &[],
        sources: fragments!["device/probe.wgsl"],
    }],
    parity: Parity::Bits,
    twin: |call| twin::run(call.into()),
    #[cfg(feature = "testing")]
    cases: cases::cases,
};
