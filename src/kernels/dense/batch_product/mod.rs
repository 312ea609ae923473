//! Small products, one for each example.

#[cfg(feature = "testing")]
pub(crate) mod cases;
pub(crate) mod twin;

use crate::kernel::{Kernel, Parity, Shape, Variant, fragments, interface};
use crate::kernels::tile::{MatmulTile, tile_constants};
use crate::kernels::width::Width;

interface! {
    /// Uniform parameters.
    Params {
        /// Examples.
        rows: u32,
        m: u32,
        n: u32,
        k: u32,
        /// Elements where the factors begin, from example to example (0: all have the same), and from row to
        /// row of an example's matrix.
        a_base: u32,
        a_example: u32,
        a_stride: u32,
        b_base: u32,
        b_example: u32,
        b_stride: u32,
        out_base: u32,
        out_example: u32,
        out_stride: u32,
        /// Examples whose products are added up to one.
        together: u32,
        /// 1: the result is added to the output.
        accumulate: u32,
    }
    Bindings {
        a: read [f32] as "array<Elem>",
        b: read [f32] as "array<Weight>",
        out: write [f32],
    }
}

const WORKGROUP: u32 = TILE.threads();

/// How factors are stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Layout {
    /// `a` by `[k][m]` rather than by `[m][k]`.
    pub(crate) a_transposed: bool,
    /// `b` by `[n][k]` rather than by `[k][n]`.
    pub(crate) b_transposed: bool,
}

/// Every layout, in the order of the variants.
pub(crate) const LAYOUTS: [Layout; 4] = [
    Layout { a_transposed: false, b_transposed: false },
    Layout { a_transposed: false, b_transposed: true },
    Layout { a_transposed: true, b_transposed: false },
    Layout { a_transposed: true, b_transposed: true },
];

/// What real GPUs cut products into.
const TILE: MatmulTile = MatmulTile::T32x64;

/// Variants of a layout.
const OF_LAYOUT: usize = 2 * Width::ALL.len();

/// The index of a variant; `vec4` for factors whose beginnings and strides are multiples of four, `tiles` for real
/// GPUs.
pub(crate) fn variant(layout: Layout, vec4: bool, tiles: bool) -> usize {
    let layout = usize::from(layout.a_transposed) * 2 + usize::from(layout.b_transposed);
    layout * OF_LAYOUT + usize::from(!tiles) * Width::ALL.len() + Width::of(vec4).variant()
}

/// The layout of a variant.
fn layout_of(variant: usize) -> Layout {
    LAYOUTS[variant / OF_LAYOUT]
}

/// Whether products fill a good part of a tile, and all of their k, up to whole tiles, can be counted.
pub(crate) fn fills_tiles(p: &Params) -> bool {
    let counted = p.k.checked_next_multiple_of(TILE.k()).and_then(|k| k.checked_mul(p.rows));
    p.m > 8 && p.n > 16 && counted.is_some()
}

/// Groups of a batch, with tiles or without.
pub(crate) fn groups(p: &Params, tiles: bool) -> u32 {
    let outputs = p.rows.div_ceil(p.together);
    match tiles {
        true => outputs * TILE.groups(p.m, p.n),
        false => (outputs * p.m.div_ceil(4) * p.n.div_ceil(4)).div_ceil(WORKGROUP),
    }
}

/// Of a layout and width: for real GPUs, and for all devices.
macro_rules! variant {
    ($name:literal, $width:literal, tiles, $a:literal, $b:literal) => {
        variant!(
            concat!($name, ".", $width, ".T32x64"),
            $width,
            Wide,
            tile_constants!(T32x64),
            $a,
            $b,
            [
                concat!("dense/linear/place_a_", $a, ".wgsl"),
                concat!("dense/linear/place_b_", $b, ".wgsl"),
                "dense/batch_product/tile.wgsl",
                "prelude/product.wgsl",
                "prelude/product_8x4.wgsl",
                "dense/batch_product.wgsl"
            ]
        )
    };
    ($name:literal, $width:literal, registers, $a:literal, $b:literal) => {
        variant!(
            concat!($name, ".", $width),
            $width,
            Any,
            &[],
            $a,
            $b,
            ["dense/batch_product.registers.wgsl"]
        )
    };
    ($name:expr, $width:literal, $shape:ident, $constants:expr, $a:literal, $b:literal, [$($body:expr),+]) => {
        Variant {
            name: $name,
            shape: Shape::$shape,
            workgroup: WORKGROUP,
            constants: $constants,
            sources: fragments![
                "prelude/grid.wgsl",
                concat!("prelude/elem_", $width, ".wgsl"),
                "prelude/block.wgsl",
                concat!("dense/linear/load_", $width, ".wgsl"),
                concat!("dense/linear/load_b_", $width, ".wgsl"),
                concat!("dense/batch_product/a_", $a, ".wgsl"),
                concat!("dense/batch_product/b_", $b, ".wgsl"),
                "dense/batch_product/finish.wgsl",
                $($body),+
            ],
        }
    };
}

/// Every variant of the layouts.
macro_rules! variants {
    ($($name:literal $a:literal $b:literal;)+) => {
        &[$(
            variant!($name, "vec4", tiles, $a, $b),
            variant!($name, "scalar", tiles, $a, $b),
            variant!($name, "vec4", registers, $a, $b),
            variant!($name, "scalar", registers, $a, $b),
        )+]
    };
}

pub(crate) static KERNEL: Kernel = Kernel {
    name: "batch_product",
    about: "out_e(m, n) = sum over k of a_e(m, k) b_e(k, n) for each example e, or summed over some of them",
    interface: INTERFACE,
    variants: variants![
        "nn" "along" "across";
        "nt" "along" "along";
        "tn" "across" "across";
        "tt" "across" "along";
    ],
    parity: Parity::Bits,
    twin: |call| twin::run(call.into()),
    #[cfg(feature = "testing")]
    cases: cases::cases,
};
