//! Dot products between the features of an example, as in DLRM (Naumov et al., 2019).

#[cfg(feature = "testing")]
pub(crate) mod cases;
pub(crate) mod twin;

use crate::kernel::{Kernel, Parity, Shape, Variant, fragments, interface};

interface! {
    /// Uniform parameters.
    Params {
        /// Examples.
        rows: u32,
        features: u32,
        dim: u32,
        /// Elements where the matrices begin, and from row to row.
        input_base: u32,
        input_stride: u32,
        out_base: u32,
        out_stride: u32,
        /// 1: the output begins with feature 0.
        dense_part: u32,
        /// 1: pairs (i, i) too.
        diagonal: u32,
    }
    Bindings {
        input: read [f32] as "array<Elem>",
        out: write [f32],
    }
}

const WIDE: u32 = 64;

const TILES: u32 = 64;

/// vec4s of workgroup memory: all that WebGPU promises.
const SHARED: u32 = 1024;

/// Whether an example fits the workgroup memory of the wide shape.
pub(crate) fn fits(features: u32, dim: u32) -> bool {
    u64::from(features) * u64::from(dim.div_ceil(4)) <= u64::from(SHARED)
}

/// Pairs of features.
pub(crate) fn pairs(features: u32, diagonal: u32) -> u32 {
    features * (features + 2 * diagonal - 1) / 2
}

/// Groups for `rows` examples; `wide`: with the rows in workgroup memory.
pub(crate) fn groups(wide: bool, p: &Params) -> u32 {
    if wide {
        return p.rows;
    }
    let side = p.features.div_ceil(4);
    let threads = side * (side + 1) / 2 + p.dim.div_ceil(4) * p.dense_part;
    (p.rows * threads).div_ceil(TILES)
}

/// The index of a variant.
pub(crate) fn variant(vec4: bool, wide: bool) -> usize {
    usize::from(!vec4) * 2 + usize::from(!wide)
}

macro_rules! variant {
    ($width:literal, $shape:ident, $name:literal, $workgroup:expr, $constants:expr, $body:literal) => {
        Variant {
            name: concat!($width, ".", $name),
            shape: Shape::$shape,
            workgroup: $workgroup,
            constants: $constants,
            sources: fragments![
                "prelude/grid.wgsl",
                concat!("prelude/elem_", $width, ".wgsl"),
                concat!("prelude/input_", $width, ".wgsl"),
                "prelude/pairs.wgsl",
                $body
            ],
        }
    };
}

pub(crate) static KERNEL: Kernel = Kernel {
    name: "interaction",
    about: "out = [x_0, <x_i, x_j> for i > j (or i >= j)], for each example",
    interface: INTERFACE,
    variants: &[
        variant!("vec4", Wide, "wide", WIDE, &[("SHARED", SHARED)], "dense/interaction.wgsl"),
        variant!("vec4", Any, "tiles", TILES, &[], "dense/interaction.tiles.wgsl"),
        variant!("scalar", Wide, "wide", WIDE, &[("SHARED", SHARED)], "dense/interaction.wgsl"),
        variant!("scalar", Any, "tiles", TILES, &[], "dense/interaction.tiles.wgsl"),
    ],
    parity: Parity::Bits,
    twin: |call| twin::run(call.into()),
    #[cfg(feature = "testing")]
    cases: cases::cases,
};
