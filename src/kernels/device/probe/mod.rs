//! Finds out whether a device keeps subnormals.

#[cfg(feature = "testing")]
pub(crate) mod cases;
pub(crate) mod twin;

use crate::kernel::{Kernel, Parity, Shape, Variant, fragments, params, write};

params! {
    /// Uniform parameters.
    Params {
        /// Always 0, which the shader's compiler does not know.
        unused: u32,
    }
}

pub(crate) static KERNEL: Kernel = Kernel {
    name: "probe",
    about: "halves the smallest normal number, doubles the smallest subnormal",
    bindings: &[write("values")],
    params: Params::LAYOUT,
    variants: &[Variant {
        name: "any",
        shape: Shape::Any,
        workgroup: 1,
        constants: &[],
        sources: fragments!["device/probe.wgsl"],
    }],
    parity: Parity::Bits,
    twin: twin::run,
    #[cfg(feature = "testing")]
    cases: cases::cases,
};
