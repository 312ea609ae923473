//! The matrix product behind linear layers.

#[cfg(feature = "testing")]
pub(crate) mod cases;
pub(crate) mod twin;
mod weights;

use crate::kernel::{Kernel, Parity, Shape, Variant, fragments, interface};
use crate::kernels::tile::{MatmulTile, tile_constants};
use crate::kernels::width::Width;

interface! {
    /// Uniform parameters.
    Params {
        m: u32,
        n: u32,
        k: u32,
        /// Elements where the matrices begin, and from row to row; words of weights that are no `f32`.
        a_base: u32,
        a_stride: u32,
        b_base: u32,
        b_stride: u32,
        out_base: u32,
        out_stride: u32,
        bias_base: u32,
        /// 1: the bias is added.
        biased: u32,
        /// One of `ACTIVATION_*`.
        activation: u32,
        /// 1: the result is added to the output. 2: what the output holds is added before the activation.
        accumulate: u32,
        /// Slices of `k`, each summed by itself.
        slices: u32,
        /// Length of a slice, a multiple of [`SLICE`].
        k_slice: u32,
        /// Elements from slice to slice of the output.
        slice_stride: u32,
        /// Serial shape: threads of a group side by side in `n`.
        lanes_n: u32,
        /// Weights in groups: words from the beginning of a row to its scales, and a group's length as a
        /// power of two.
        scales: u32,
        group_shift: u32,
    }
    Bindings {
        a: read [f32] as "array<Elem>",
        b: read [u32] as "array<Weight>",
        bias: read [f32],
        out: write [f32],
    }
}

pub(crate) const ACTIVATION_NONE: u32 = 0;

pub(crate) const ACTIVATION_RELU: u32 = 1;

pub(crate) const ACTIVATION_SIGMOID: u32 = 2;

/// How the operands are stored: whether `k` runs along a row (`n` for `a`, `t` for `b`) or from row to row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Layout {
    /// `a[m][k] b[k][n]`
    Nn,
    /// `a[m][k] b[n][k]`
    Nt,
    /// `a[k][m] b[k][n]`
    Tn,
    /// `a[k][m] b[n][k]`
    Tt,
    /// `Nt` with rows of 16-bit floats in `b`, four words each.
    NtF16,
    /// `Nt` with rows of 8-bit codes in `b`, and the scales of their groups.
    NtInt8,
    /// The same with 4-bit codes.
    NtInt4,
    /// The rows of `NtF16`, for devices that read 16-bit floats themselves.
    NtF16Native,
}

impl Layout {
    pub(crate) fn a_along(self) -> bool {
        !matches!(self, Self::Tn | Self::Tt)
    }

    pub(crate) fn b_along(self) -> bool {
        !matches!(self, Self::Nn | Self::Tn)
    }

    /// Bits of a weight, if it is no `f32`.
    pub(crate) fn bits(self) -> Option<u32> {
        match self {
            Self::Nn | Self::Nt | Self::Tn | Self::Tt => None,
            Self::NtF16 | Self::NtF16Native => Some(16),
            Self::NtInt8 => Some(8),
            Self::NtInt4 => Some(4),
        }
    }
}

/// What a slice's length must be a multiple of.
pub(crate) const SLICE: u32 = 16;

/// One hardware vector of the software adapters.
const SERIAL: u32 = 8;

const SERIAL_TILE: u32 = 16;

/// Threads side by side in `n` for the serial shape: as few as cover it.
pub(crate) fn lanes_n(n: u32) -> u32 {
    n.div_ceil(SERIAL_TILE).clamp(1, SERIAL).next_power_of_two()
}

/// Groups for one slice of an output; on software adapters it has no tile.
pub(crate) fn groups(tile: Option<MatmulTile>, m: u32, n: u32) -> u32 {
    let (lanes, tall) = (lanes_n(n), SERIAL_TILE * SERIAL);
    tile.map_or(m.div_ceil(tall / lanes) * n.div_ceil(SERIAL_TILE * lanes), |tile| tile.groups(m, n))
}

/// The index of a variant.
pub(crate) fn variant(layout: Layout, vec4: bool, tile: Option<MatmulTile>) -> usize {
    let of_width = MatmulTile::ALL.len() + 1;
    let tile = tile.map_or(MatmulTile::ALL.len(), |tile| tile as usize);
    layout as usize * OF_EACH + Width::of(vec4).variant() * of_width + tile
}

/// The layout of a variant.
pub(crate) fn layout_of(variant: usize) -> Layout {
    LAYOUTS[variant / OF_EACH]
}

/// Variants of each layout.
const OF_EACH: usize = 2 * (MatmulTile::ALL.len() + 1);

/// A variant: [`Width`] and tile, or software adapters.
macro_rules! variant {
    ($layout:literal, $width:literal, serial, $operands:tt $(, $enable:literal)?) => {
        variant!(
            concat!($layout, ".", $width, ".serial"),
            $width,
            Shape::Serial,
            SERIAL,
            &[("TILE_M", SERIAL_TILE), ("TILE_N", SERIAL_TILE), ("K_TILE", 4)],
            $operands,
            ["dense/linear.serial.wgsl"]
            $(, $enable)?
        )
    };
    ($layout:literal, $width:literal, $tile:ident, $sums:literal, $operands:tt $(, $enable:literal)?) => {
        variant!(
            concat!($layout, ".", $width, ".", stringify!($tile)),
            $width,
            Shape::Wide,
            MatmulTile::$tile.threads(),
            tile_constants!($tile),
            $operands,
            ["prelude/product.wgsl", concat!("prelude/product_", $sums, ".wgsl"), "dense/linear.wgsl"]
            $(, $enable)?
        )
    };
    ($name:expr, $width:literal, $shape:expr, $workgroup:expr, $constants:expr,
     [$($operand:literal),+], [$($body:expr),+] $(, $enable:literal)?) => {
        Variant {
            name: $name,
            shape: $shape,
            workgroup: $workgroup,
            constants: $constants,
            sources: fragments![
                $($enable,)?
                "prelude/grid.wgsl",
                "prelude/sigmoid.wgsl",
                "prelude/activation.wgsl",
                "prelude/activated.wgsl",
                concat!("prelude/elem_", $width, ".wgsl"),
                "dense/linear/finish.wgsl",
                "prelude/block.wgsl",
                "dense/linear/tile.wgsl",
                concat!("dense/linear/load_", $width, ".wgsl"),
                $(concat!("dense/linear/", $operand, ".wgsl")),+,
                $($body),+
            ],
        }
    };
}

/// Every layout with rows of whole vectors and without.
macro_rules! variants {
    ($($layout:literal $width:literal $operands:tt $($enable:literal)?;)+) => {
        &[$(
            variant!($layout, $width, T32x64, "8x4", $operands $(, $enable)?),
            variant!($layout, $width, T64x64, "8x4", $operands $(, $enable)?),
            variant!($layout, $width, T128x128, "8x8", $operands $(, $enable)?),
            variant!($layout, $width, serial, $operands $(, $enable)?),
        )+]
    };
}

pub(crate) static KERNEL: Kernel = Kernel {
    name: "linear",
    about: "out[m][n] = activation(sum over k of a(m, k) b(k, n) + bias[n])",
    interface: INTERFACE,
    variants: variants![
        "nn" "vec4" ["along_a", "a_along", "place_a_along", "load_b_vec4", "b_across", "place_b_across"];
        "nn" "scalar" ["along_a", "a_along", "place_a_along", "load_b_scalar", "b_across", "place_b_across"];
        "nt" "vec4" ["along_a", "a_along", "place_a_along", "load_b_vec4", "weights_f32", "along_b", "b_along", "place_b_along"];
        "nt" "scalar" ["along_a", "a_along", "place_a_along", "load_b_scalar", "weights_f32", "along_b", "b_along", "place_b_along"];
        "tn" "vec4" ["a_across", "place_a_across", "load_b_vec4", "b_across", "place_b_across"];
        "tn" "scalar" ["a_across", "place_a_across", "load_b_scalar", "b_across", "place_b_across"];
        "tt" "vec4" ["a_across", "place_a_across", "load_b_vec4", "weights_f32", "along_b", "b_along", "place_b_along"];
        "tt" "scalar" ["a_across", "place_a_across", "load_b_scalar", "weights_f32", "along_b", "b_along", "place_b_along"];
        "nt_f16" "vec4" ["along_a", "a_along", "place_a_along", "weights_f16", "along_b", "b_along", "place_b_along"];
        "nt_f16" "scalar" ["along_a", "a_along", "place_a_along", "weights_f16", "along_b", "b_along", "place_b_along"];
        "nt_int8" "vec4" ["along_a", "a_along", "place_a_along", "weights_int8", "along_b", "b_along", "place_b_along"];
        "nt_int8" "scalar" ["along_a", "a_along", "place_a_along", "weights_int8", "along_b", "b_along", "place_b_along"];
        "nt_int4" "vec4" ["along_a", "a_along", "place_a_along", "weights_int4", "along_b", "b_along", "place_b_along"];
        "nt_int4" "scalar" ["along_a", "a_along", "place_a_along", "weights_int4", "along_b", "b_along", "place_b_along"];
        "nt_f16_native" "vec4" ["along_a", "a_along", "place_a_along", "weights_f16_native", "along_b", "b_along", "place_b_along"] "prelude/enable_f16.wgsl";
        "nt_f16_native" "scalar" ["along_a", "a_along", "place_a_along", "weights_f16_native", "along_b", "b_along", "place_b_along"] "prelude/enable_f16.wgsl";
    ],
    parity: Parity::Sum,
    twin: |call| twin::run(call.into()),
    #[cfg(feature = "testing")]
    cases: cases::cases,
};

/// Every layout, by its number.
pub(crate) const LAYOUTS: [Layout; 8] = [
    Layout::Nn,
    Layout::Nt,
    Layout::Tn,
    Layout::Tt,
    Layout::NtF16,
    Layout::NtInt8,
    Layout::NtInt4,
    Layout::NtF16Native,
];
