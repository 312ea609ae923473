//! Activations as 8-bit codes.

#[cfg(feature = "testing")]
pub(crate) mod cases;
pub(crate) mod twin;

use crate::kernel::{Kernel, Parity, Shape, Variant, fragments, interface};

interface! {
    /// Uniform parameters.
    Params {
        rows: u32,
        cols: u32,
        /// Elements where the matrix begins, and from row to row.
        input_base: u32,
        input_stride: u32,
        /// Words where the codes begin, and of a row.
        codes_base: u32,
        words: u32,
    }
    Bindings {
        input: read [f32] as "array<Elem>",
        /// The scale's bits and the zero point.
        quant: read [u32],
        codes: write [u8] as "array<u32>",
    }
}

macro_rules! variant {
    ($width:literal) => {
        Variant {
            name: $width,
            shape: Shape::Any,
            workgroup: 64,
            constants: &[],
            sources: fragments![
                "prelude/grid.wgsl",
                "prelude/codes.wgsl",
                concat!("prelude/elem_", $width, ".wgsl"),
                concat!("prelude/input_", $width, ".wgsl"),
                "quant/quantize_activations.wgsl"
            ],
        }
    };
}

pub(crate) static KERNEL: Kernel = Kernel {
    name: "quantize_activations",
    about: "codes[r][c] = clamp(round(x[r][c] / scale) + zero point, 0, 255)",
    interface: INTERFACE,
    variants: &[variant!("vec4"), variant!("scalar")],
    parity: Parity::Bits,
    twin: |call| twin::run(call.into()),
    #[cfg(feature = "testing")]
    cases: cases::cases,
};
