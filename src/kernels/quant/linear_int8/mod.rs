//! The matrix product of 8-bit activations and weights.

pub(crate) mod byte_product;
#[cfg(feature = "testing")]
pub(crate) mod cases;
pub(crate) mod twin;

use crate::kernel::{Kernel, Parity, Shape, Variant, fragments, interface, shared_struct};
use crate::kernels::tile::{MatmulTile, tile_constants};

interface! {
    /// Uniform parameters.
    Params {
        m: u32,
        n: u32,
        /// Words of a row of codes, a multiple of 4, and where the first row begins.
        words: u32,
        codes_base: u32,
        /// Elements of the output (words of codes) where it begins, and from row to row.
        out_base: u32,
        out_stride: u32,
        /// One of `ACTIVATION_*`.
        activation: u32,
        /// 1: codes are written, of `1 / scale` and zero point.
        coded: u32,
        out_inverse: f32,
        out_zero_point: u32,
        /// Serial shape: threads of a group side by side in `n`.
        lanes_n: u32,
        /// Slices of the words of `k`. If there are several, the output is their sums, as `i32` of signed
        /// codes, `code - 128`, which another kernel finishes.
        slices: u32,
        /// Words of a slice, a multiple of [`SLICE`].
        k_slice: u32,
        /// Elements from slice to slice of the output.
        slice_stride: u32,
    }
    Bindings {
        /// Four k a word: by rows, and in panels, each by words of k and then by outputs.
        codes: read [u32] as "array<vec4<u32>>",
        weights: read [u32] as "array<vec4<u32>>",
        channels: read [OutputChannel],
        /// The bits of the codes' scale, and their zero point.
        quant: read [u32],
        /// Bits of f32, or four codes a word.
        out: write [u32],
    }
}

shared_struct! {
    /// What a layer of 8-bit weights knows of an output.
    OutputChannel {
        /// The scale of its weights.
        scale: f32,
        /// The sum of their codes.
        sum: i32,
        bias: f32,
    }
}

/// Outputs whose weights lie together: by words of `k`, then by outputs.
pub(crate) const PANEL: usize = PANEL_WORDS as usize;

const PANEL_WORDS: u32 = 16;

/// Signed 8-bit weights of `[outputs, inputs]` as panels of words, with zeros behind the last input and
/// output.
pub(crate) fn panels(weights: &[i8], outputs: usize, inputs: usize) -> Vec<u32> {
    let words = words(inputs);
    let mut all = vec![0u32; outputs.div_ceil(PANEL) * PANEL * words];
    for (n, row) in weights.chunks(inputs).enumerate() {
        for (k, four) in row.chunks(4).enumerate() {
            let mut bytes = [0; 4];
            bytes[..four.len()].copy_from_slice(bytemuck::cast_slice(four));
            all[(n / PANEL * words + k) * PANEL + n % PANEL] = u32::from_le_bytes(bytes);
        }
    }
    all
}

/// Words of a row of 8-bit codes, which is read 16 codes at a time.
pub(crate) fn words(inputs: usize) -> usize {
    inputs.div_ceil(16) * 4
}

/// What a slice's words must be a multiple of.
pub(crate) const SLICE: u32 = 16;

/// One hardware vector of the software adapters.
const SERIAL: u32 = 8;

const SERIAL_TILE: u32 = 8;

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
pub(crate) fn variant(packed: bool, tile: Option<MatmulTile>) -> usize {
    let tile = tile.map_or(MatmulTile::ALL.len(), |tile| tile as usize);
    usize::from(!packed) * (MatmulTile::ALL.len() + 1) + tile
}

macro_rules! variant {
    ($dot:literal, serial) => {
        variant!(
            concat!($dot, ".serial"),
            Shape::Serial,
            SERIAL,
            &[("TILE_M", SERIAL_TILE), ("TILE_N", SERIAL_TILE), ("K_TILE", 4), ("PANEL", PANEL_WORDS)],
            $dot,
            ["quant/linear_int8.serial.wgsl"]
        )
    };
    ($dot:literal, $tile:ident, $sums:literal) => {
        variant!(
            concat!($dot, ".", stringify!($tile)),
            Shape::Wide,
            MatmulTile::$tile.threads(),
            tile_constants!($tile, ("PANEL", PANEL_WORDS)),
            $dot,
            ["prelude/product.wgsl", concat!("prelude/product_", $sums, ".wgsl"), "quant/linear_int8.wgsl"]
        )
    };
    ($name:expr, $shape:expr, $workgroup:expr, $constants:expr, $dot:literal, [$($body:expr),+]) => {
        Variant {
            name: $name,
            shape: $shape,
            workgroup: $workgroup,
            constants: $constants,
            sources: fragments![
                "prelude/grid.wgsl",
                "prelude/powers.wgsl",
                "prelude/sigmoid_exact.wgsl",
                "prelude/activation.wgsl",
                "prelude/activated.wgsl",
                "prelude/codes.wgsl",
                "quant/linear_int8/outputs.wgsl",
                "quant/linear_int8/tile.wgsl",
                concat!("quant/linear_int8/dot_", $dot, ".wgsl"),
                $($body),+
            ],
        }
    };
}

pub(crate) static KERNEL: Kernel = Kernel {
    name: "linear_int8",
    about: "out[m][n] = activation((sum over k of (code(m, k) - zero point) w(n, k)) (scale scale[n]) + bias[n])",
    interface: INTERFACE,
    variants: &[
        variant!("packed", T32x64, "8x4"),
        variant!("packed", T64x64, "8x4"),
        variant!("packed", T128x128, "8x8"),
        variant!("packed", serial),
        variant!("portable", T32x64, "8x4"),
        variant!("portable", T64x64, "8x4"),
        variant!("portable", T128x128, "8x8"),
        variant!("portable", serial),
    ],
    parity: Parity::Bits,
    twin: |call| twin::run(call.into()),
    #[cfg(feature = "testing")]
    cases: cases::cases,
};
