//! Dot products between the features of an example, as in DLRM (Naumov et al., 2019).

#[cfg(feature = "testing")]
pub(crate) mod cases;
pub(crate) mod twin;

use std::num::NonZeroU32;

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
        /// Examples of a group in the wide shape.
        together: u32,
    }
    Bindings {
        input: read [f32] as "array<Elem>",
        out: write [f32],
    }
}

const WIDE: u32 = 64;

const TILES: u32 = 64;

/// vec4s of workgroup memory: all that WebGPU promises.
pub(crate) const SHARED: u32 = 1024;

/// Examples that a group of the wide shape takes: those whose features fit workgroup memory, an odd number of
/// vectors each, and then their pairs, and for whose 4 x 4 pairs there is a thread each. None if that is less
/// than one.
pub(crate) fn together(features: u32, dim: u32) -> Option<NonZeroU32> {
    if features > WIDE {
        return None;
    }
    let tiles = tiles(features);
    let values = u64::from(features) * u64::from(dim.div_ceil(4) | 1);
    let fitting = u64::from(SHARED) / values.max(u64::from(tiles) * 4);
    NonZeroU32::new((WIDE / tiles).min(u32::try_from(fitting).unwrap_or(u32::MAX)))
}

/// Pairs of features.
pub(crate) fn pairs(features: u32, diagonal: u32) -> u32 {
    features * (features + 2 * diagonal - 1) / 2
}

/// Blocks of 4 x 4 pairs.
fn tiles(features: u32) -> u32 {
    let side = features.div_ceil(4);
    side * (side + 1) / 2
}

/// Groups for `rows` examples; `wide`: with the rows in workgroup memory.
pub(crate) fn groups(wide: bool, p: &Params) -> u32 {
    if wide {
        return p.rows.div_ceil(p.together);
    }
    let threads = tiles(p.features) + p.dim.div_ceil(4) * p.dense_part;
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
