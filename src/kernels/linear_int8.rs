//! The matrix product of 8-bit activations and weights.

use super::linear::{ACTIVATION_NONE, ACTIVATION_RELU, ACTIVATION_SIGMOID};
use super::random::Random;
use crate::kernel::{Case, CaseBinding, Kernel, Parity, Shape, Variant, fragments, params, read, write};
use crate::numbers::narrow;

params! {
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
    }
}

params! {
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

/// Signed 8-bit weights of `[outputs, inputs]` as panels of words, with zeros behind the last input and output.
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

const WIDE: u32 = 64;
const WIDE_TILE: u32 = 64;
const K_TILE: u32 = 16;
const PITCH: u32 = WIDE_TILE / 4 + 1;
/// One hardware vector of the software adapters.
const SERIAL: u32 = 8;
const SERIAL_TILE: u32 = 8;

/// Threads side by side in `n` for the serial shape: as few as cover it.
pub(crate) fn lanes_n(n: u32) -> u32 {
    n.div_ceil(SERIAL_TILE).clamp(1, SERIAL).next_power_of_two()
}

/// Groups for an output.
pub(crate) fn tiles(shape: Shape, m: u32, n: u32) -> u32 {
    let (tile_m, tile_n) = match shape {
        Shape::Wide => (WIDE_TILE, WIDE_TILE),
        Shape::Serial | Shape::Any => (SERIAL_TILE * (SERIAL / lanes_n(n)), SERIAL_TILE * lanes_n(n)),
    };
    m.div_ceil(tile_m) * n.div_ceil(tile_n)
}

/// The index of a variant.
pub(crate) fn variant(packed: bool, shape: Shape) -> usize {
    usize::from(!packed) * 2 + usize::from(shape != Shape::Wide)
}

macro_rules! variant {
    ($dot:literal, Wide) => {
        variant!(
            concat!($dot, ".wide"),
            Wide,
            WIDE,
            &[
                ("TILE_M", WIDE_TILE),
                ("TILE_N", WIDE_TILE),
                ("K_TILE", K_TILE),
                ("PITCH", PITCH),
                ("SHARED", K_TILE * PITCH),
                ("PANEL", PANEL_WORDS)
            ],
            $dot,
            "linear_int8.wgsl"
        )
    };
    ($dot:literal, Serial) => {
        variant!(
            concat!($dot, ".serial"),
            Serial,
            SERIAL,
            &[("TILE_M", SERIAL_TILE), ("TILE_N", SERIAL_TILE), ("K_TILE", 4), ("PANEL", PANEL_WORDS)],
            $dot,
            "linear_int8.serial.wgsl"
        )
    };
    ($name:expr, $shape:ident, $workgroup:expr, $constants:expr, $dot:literal, $body:literal) => {
        Variant {
            name: $name,
            shape: Shape::$shape,
            workgroup: $workgroup,
            constants: $constants,
            sources: fragments![
                "prelude/grid.wgsl",
                "prelude/powers.wgsl",
                "prelude/sigmoid_exact.wgsl",
                "prelude/activation.wgsl",
                "prelude/activated.wgsl",
                "prelude/codes.wgsl",
                "prelude/output_channel.wgsl",
                "linear_int8/interface.wgsl",
                concat!("linear_int8/dot_", $dot, ".wgsl"),
                $body
            ],
        }
    };
}

pub(crate) static KERNEL: Kernel = Kernel {
    name: "linear_int8",
    about: "out[m][n] = activation((sum over k of (code(m, k) - zero point) w(n, k)) (scale scale[n]) + bias[n])",
    bindings: &[read("codes"), read("weights"), read("channels"), read("quant"), write("out")],
    params: Params::LAYOUT,
    variants: &[
        variant!("packed", Wide),
        variant!("packed", Serial),
        variant!("portable", Wide),
        variant!("portable", Serial),
    ],
    parity: Parity::Bits,
    twin: crate::cpu::linear_int8::run,
    cases,
};

/// Input of a case: the shape, and what varies besides.
struct Input {
    m: u32,
    n: u32,
    k: u32,
    activation: u32,
    coded: u32,
    /// Elements before codes and output, four times as many for the codes, and more than the columns from row to row.
    gap: u32,
}

fn cases() -> Vec<Case> {
    let mut all = Vec::new();
    for (m, n, k, activation, coded, gap) in [
        (1, 1, 1, ACTIVATION_NONE, 0, 0),
        (3, 5, 7, ACTIVATION_RELU, 0, 1),
        (9, 33, 70, ACTIVATION_SIGMOID, 0, 2),
        (65, 66, 130, ACTIVATION_NONE, 0, 0),
        (17, 16, 64, ACTIVATION_RELU, 1, 1),
        (70, 131, 33, ACTIVATION_NONE, 1, 0),
        (2, 300, 1000, ACTIVATION_SIGMOID, 1, 0),
        (512, 1024, 1024, ACTIVATION_RELU, 0, 0),
    ] {
        all.extend(both_shapes(&Input { m, n, k, activation, coded, gap }));
    }
    all
}

fn both_shapes(&Input { m, n, k, activation, coded, gap }: &Input) -> Vec<Case> {
    let mut random = Random::new(u64::from(m * 1000 + n * 10 + k));
    let words_of_row = words(k as usize);
    let mut bytes = |len: usize| -> Vec<u8> {
        // a quarter are extremes: sums of 16 bits would saturate
        let byte = |high: u32| if high < 64 { high % 2 * 127 + 128 } else { high };
        (0..len).map(|_| u8::try_from(byte(random.below(256))).unwrap_or(0)).collect()
    };
    // what lies behind the last input may be anything
    let codes = bytes((gap * 16 + m * narrow(words_of_row) * 4) as usize);
    let weights: Vec<i8> = bytes((n * k) as usize).into_iter().map(u8::cast_signed).collect();
    let channels: Vec<OutputChannel> = weights
        .chunks(k as usize)
        .map(|row| OutputChannel {
            scale: 0.01 + random.float().abs() / 50.0,
            sum: row.iter().map(|&w| i32::from(w)).sum(),
            bias: random.float(),
        })
        .collect();
    let (scale, zero_point) = (0.004f32, 120u32);
    let width = if coded == 1 { n.div_ceil(4) } else { n };
    let out = vec![1u32; (gap + m * (width + gap)) as usize];
    let size = u64::from(m * k + k * n + m * n * 4);
    let flops = 2 * u64::from(m) * u64::from(n) * u64::from(k);
    let case = |shape: Shape| {
        let params = Params {
            m,
            n,
            words: narrow(words_of_row),
            codes_base: gap * 4,
            out_base: gap,
            out_stride: width + gap,
            activation,
            coded,
            out_inverse: 40.0,
            out_zero_point: 128,
            lanes_n: if shape == Shape::Wide { 0 } else { lanes_n(n) },
        };
        let bindings = vec![
            CaseBinding::ints(&codes),
            CaseBinding::ints(&panels(&weights, n as usize, k as usize)),
            CaseBinding::mixed(&channels),
            CaseBinding::ints(&[scale.to_bits(), zero_point]),
            if coded == 1 {
                CaseBinding::mixed(&out)
            } else {
                CaseBinding::floats(bytemuck::cast_slice(&out))
            },
        ];
        let name = format!("{m}x{n}x{k} coded={coded} activation={activation} gap={gap} {shape:?}");
        let variants = [true, false].map(|packed| variant(packed, shape));
        let case = Case::new(name, variants, &params, bindings, tiles(shape, m, n));
        if k == 1024 { case.bench(size, flops) } else { case }
    };
    [Shape::Wide, Shape::Serial].map(case).into()
}
