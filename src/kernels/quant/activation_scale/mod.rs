//! Scale and zero point of activations from the keys of their range.

#[cfg(feature = "testing")]
pub(crate) mod cases;
pub(crate) mod twin;

use crate::kernel::{Kernel, Parity, Shape, Variant, fragments, interface};

interface! {
    /// Uniform parameters.
    Params {
        /// Pairs of keys.
        pairs: u32,
        /// The largest code, one less than a power of two.
        levels: u32,
        /// 0, which the shader's compiler does not know.
        nothing: u32,
    }
    Bindings {
        keys: read [[u32; 2]] as "array<u32>",
        /// The scale's bits and the zero point.
        quant: write [u32],
    }
}

pub(crate) static KERNEL: Kernel = Kernel {
    name: "activation_scale",
    about: "scale and zero point of 8-bit activations from their range",
    interface: INTERFACE,
    variants: &[Variant {
        name: "any",
        shape: Shape::Any,
        workgroup: 64,
        constants: &[],
        sources: fragments![
            "prelude/workgroup.wgsl",
            "prelude/key_range.wgsl",
            "quant/activation_scale.wgsl"
        ],
    }],
    parity: Parity::Bits,
    twin: |call| twin::run(call.into()),
    #[cfg(feature = "testing")]
    cases: cases::cases,
};
