//! The product behind linear layers of 16-bit weights, by cooperative matrices: an experiment.

#[cfg(feature = "testing")]
pub(crate) mod cases;
pub(crate) mod twin;

use crate::kernel::{Kernel, Parity, Shape, Variant, fragments, interface};
use crate::kernels::linear::Params;
use crate::kernels::width::Width;

interface! {
    Bindings {
        a: read [f32] as "array<Elem>",
        b: read [u32] as "array<Weight>",
        bias: read [f32],
        out: write [f32],
    }
}

/// Four subgroups.
const WORKGROUP: u32 = 128;

/// Rows and columns of a group's tile.
const TILE: u32 = 64;

/// The index of the variant for a device with cooperative matrices.
pub(crate) fn variant(vec4: bool) -> usize {
    Width::of(vec4).variant()
}

/// Groups for one slice of an output.
pub(crate) fn groups(m: u32, n: u32) -> u32 {
    m.div_ceil(TILE) * n.div_ceil(TILE)
}

macro_rules! variant {
    ($width:literal, $name:literal, $shape:ident, $matrices:literal, $body:literal $(, $enable:literal)?) => {
        Variant {
            name: concat!($width, ".", $name),
            shape: Shape::$shape,
            workgroup: WORKGROUP,
            constants: &[],
            sources: fragments![
                $($enable,)?
                "prelude/grid.wgsl",
                "prelude/sigmoid.wgsl",
                "prelude/activation.wgsl",
                "prelude/activated.wgsl",
                concat!("prelude/elem_", $width, ".wgsl"),
                "dense/linear/finish.wgsl",
                concat!("dense/linear/load_", $width, ".wgsl"),
                "dense/linear/along_a.wgsl",
                "dense/linear/weights_f16.wgsl",
                "dense/linear/along_b.wgsl",
                concat!("dense/linear_cooperative/", $matrices, ".wgsl"),
                "dense/linear_cooperative/tile.wgsl",
                $body
            ],
        }
    };
    ($width:literal, cooperative) => {
        variant!(
            $width,
            "cooperative",
            Wide,
            "matrices",
            "dense/linear_cooperative.wgsl",
            "prelude/enable_cooperative.wgsl"
        )
    };
    ($width:literal, emulated) => {
        variant!($width, "emulated", Any, "emulated", "dense/linear_cooperative.emulated.wgsl")
    };
}

pub(crate) static KERNEL: Kernel = Kernel {
    name: "linear_cooperative",
    about: "linear with 16-bit weights, a rounded to 16 bits: an experiment",
    interface: INTERFACE,
    variants: &[
        variant!("vec4", cooperative),
        variant!("scalar", cooperative),
        variant!("vec4", emulated),
        variant!("scalar", emulated),
    ],
    parity: Parity::Sum,
    twin: |call| twin::run(call.into()),
    #[cfg(feature = "testing")]
    cases: cases::cases,
};
