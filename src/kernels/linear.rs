//! The matrix product behind linear layers.

use half::f16;

use super::random::Random;
use super::weight_rows::WeightRows;
use crate::kernel::{
    Case, CaseBinding, Kernel, Oracle, Parity, Shape, Variant, fragments, params, read, write,
};
use crate::numbers::narrow;

params! {
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
        /// 1: the result is added to the output.
        accumulate: u32,
        /// Slices of `k`, each summed by itself.
        slices: u32,
        /// Length of a slice, a multiple of [`SLICE`].
        k_slice: u32,
        /// Elements from slice to slice of the output.
        slice_stride: u32,
        /// Serial shape: threads of a group side by side in `n`.
        lanes_n: u32,
        /// Weights in groups: words from the beginning of a row to its scales, and a group's length as a power of two.
        scales: u32,
        group_shift: u32,
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
        self != Self::Tn
    }

    pub(crate) fn b_along(self) -> bool {
        !matches!(self, Self::Nn | Self::Tn)
    }

    /// Bits of a weight, if it is no `f32`.
    pub(crate) fn bits(self) -> Option<u32> {
        match self {
            Self::Nn | Self::Nt | Self::Tn => None,
            Self::NtF16 | Self::NtF16Native => Some(16),
            Self::NtInt8 => Some(8),
            Self::NtInt4 => Some(4),
        }
    }
}

/// What a slice's length must be a multiple of.
pub(crate) const SLICE: u32 = 16;

const WIDE: u32 = 64;
const WIDE_TILE: u32 = 64;
const PITCH: u32 = WIDE_TILE / 4 + 1;
/// One hardware vector of the software adapters.
const SERIAL: u32 = 8;
const SERIAL_TILE: u32 = 16;

/// Threads side by side in `n` for the serial shape: as few as cover it.
pub(crate) fn lanes_n(n: u32) -> u32 {
    n.div_ceil(SERIAL_TILE).clamp(1, SERIAL).next_power_of_two()
}

/// Groups for one slice of an output.
pub(crate) fn tiles(shape: Shape, m: u32, n: u32) -> u32 {
    let (tile_m, tile_n) = match shape {
        Shape::Wide => (WIDE_TILE, WIDE_TILE),
        Shape::Serial | Shape::Any => (SERIAL_TILE * (SERIAL / lanes_n(n)), SERIAL_TILE * lanes_n(n)),
    };
    m.div_ceil(tile_m) * n.div_ceil(tile_n)
}

/// The index of a variant.
pub(crate) fn variant(layout: Layout, vec4: bool, shape: Shape) -> usize {
    layout as usize * 4 + usize::from(!vec4) * 2 + usize::from(shape != Shape::Wide)
}

macro_rules! variant {
    ($layout:literal, $width:literal, Wide, $operands:tt $(, $enable:literal)?) => {
        variant!(
            concat!($layout, ".", $width, ".wide"),
            $width,
            Wide,
            WIDE,
            &[("TILE", WIDE_TILE), ("K_TILE", SLICE), ("PITCH", PITCH), ("SHARED", SLICE * PITCH)],
            $operands,
            "linear.wgsl"
            $(, $enable)?
        )
    };
    ($layout:literal, $width:literal, Serial, $operands:tt $(, $enable:literal)?) => {
        variant!(
            concat!($layout, ".", $width, ".serial"),
            $width,
            Serial,
            SERIAL,
            &[("TILE", SERIAL_TILE), ("K_TILE", 4)],
            $operands,
            "linear.serial.wgsl"
            $(, $enable)?
        )
    };
    ($name:expr, $width:literal, $shape:ident, $workgroup:expr, $constants:expr,
     [$($operand:literal),+], $body:literal $(, $enable:literal)?) => {
        Variant {
            name: $name,
            shape: Shape::$shape,
            workgroup: $workgroup,
            constants: $constants,
            sources: fragments![
                $($enable,)?
                "prelude/grid.wgsl",
                "prelude/sigmoid.wgsl",
                "prelude/activation.wgsl",
                "prelude/activated.wgsl",
                concat!("prelude/elem_", $width, ".wgsl"),
                "linear/interface.wgsl",
                concat!("linear/load_", $width, ".wgsl"),
                $(concat!("linear/", $operand, ".wgsl")),+,
                $body
            ],
        }
    };
}

pub(crate) static KERNEL: Kernel = Kernel {
    name: "linear",
    about: "out[m][n] = activation(sum over k of a(m, k) b(k, n) + bias[n])",
    bindings: &[read("a"), read("b"), read("bias"), write("out")],
    params: Params::LAYOUT,
    variants: &[
        variant!("nn", "vec4", Wide, ["a_along", "load_b_vec4", "b_across"]),
        variant!("nn", "vec4", Serial, ["a_along", "load_b_vec4", "b_across"]),
        variant!("nn", "scalar", Wide, ["a_along", "load_b_scalar", "b_across"]),
        variant!("nn", "scalar", Serial, ["a_along", "load_b_scalar", "b_across"]),
        variant!("nt", "vec4", Wide, ["a_along", "load_b_vec4", "weights_f32", "b_along"]),
        variant!("nt", "vec4", Serial, ["a_along", "load_b_vec4", "weights_f32", "b_along"]),
        variant!("nt", "scalar", Wide, ["a_along", "load_b_scalar", "weights_f32", "b_along"]),
        variant!("nt", "scalar", Serial, ["a_along", "load_b_scalar", "weights_f32", "b_along"]),
        variant!("tn", "vec4", Wide, ["a_across", "load_b_vec4", "b_across"]),
        variant!("tn", "vec4", Serial, ["a_across", "load_b_vec4", "b_across"]),
        variant!("tn", "scalar", Wide, ["a_across", "load_b_scalar", "b_across"]),
        variant!("tn", "scalar", Serial, ["a_across", "load_b_scalar", "b_across"]),
        variant!("nt_f16", "vec4", Wide, ["a_along", "weights_f16", "b_along"]),
        variant!("nt_f16", "vec4", Serial, ["a_along", "weights_f16", "b_along"]),
        variant!("nt_f16", "scalar", Wide, ["a_along", "weights_f16", "b_along"]),
        variant!("nt_f16", "scalar", Serial, ["a_along", "weights_f16", "b_along"]),
        variant!("nt_int8", "vec4", Wide, ["a_along", "weights_int8", "b_along"]),
        variant!("nt_int8", "vec4", Serial, ["a_along", "weights_int8", "b_along"]),
        variant!("nt_int8", "scalar", Wide, ["a_along", "weights_int8", "b_along"]),
        variant!("nt_int8", "scalar", Serial, ["a_along", "weights_int8", "b_along"]),
        variant!("nt_int4", "vec4", Wide, ["a_along", "weights_int4", "b_along"]),
        variant!("nt_int4", "vec4", Serial, ["a_along", "weights_int4", "b_along"]),
        variant!("nt_int4", "scalar", Wide, ["a_along", "weights_int4", "b_along"]),
        variant!("nt_int4", "scalar", Serial, ["a_along", "weights_int4", "b_along"]),
        variant!(
            "nt_f16_native",
            "vec4",
            Wide,
            ["a_along", "weights_f16_native", "b_along"],
            "prelude/enable_f16.wgsl"
        ),
        variant!(
            "nt_f16_native",
            "vec4",
            Serial,
            ["a_along", "weights_f16_native", "b_along"],
            "prelude/enable_f16.wgsl"
        ),
        variant!(
            "nt_f16_native",
            "scalar",
            Wide,
            ["a_along", "weights_f16_native", "b_along"],
            "prelude/enable_f16.wgsl"
        ),
        variant!(
            "nt_f16_native",
            "scalar",
            Serial,
            ["a_along", "weights_f16_native", "b_along"],
            "prelude/enable_f16.wgsl"
        ),
    ],
    parity: Parity::Sum,
    twin: crate::cpu::linear::run,
    cases,
};

/// What a case varies besides the shape.
#[derive(Clone, Copy, Default)]
struct Options {
    biased: u32,
    activation: u32,
    accumulate: u32,
    /// Elements before each matrix, and more than its columns from row to row.
    base: u32,
    gap: u32,
    k_slice: u32,
}

/// Every layout, by its number.
pub(crate) const LAYOUTS: [Layout; 7] =
    [Layout::Nn, Layout::Nt, Layout::Tn, Layout::NtF16, Layout::NtInt8, Layout::NtInt4, Layout::NtF16Native];

fn cases() -> Vec<Case> {
    let plain = Options::default();
    let mut all = Vec::new();
    for layout in LAYOUTS {
        for (m, n, k, options) in [
            (1, 1, 1, plain),
            (1, 1, 100, Options { biased: 1, activation: ACTIVATION_SIGMOID, ..plain }),
            (3, 5, 7, Options { base: 3, gap: 5, ..plain }),
            (4, 4, 4, Options { base: 4, gap: 4, biased: 1, ..plain }),
            (16, 64, 16, Options { base: 4, ..plain }),
            (17, 65, 33, Options { biased: 1, activation: ACTIVATION_RELU, ..plain }),
            (63, 30, 13, Options { gap: 3, accumulate: 1, ..plain }),
            (66, 70, 24, Options { gap: 2, base: 8, activation: ACTIVATION_RELU, accumulate: 1, ..plain }),
            (130, 129, 40, plain),
            (33, 12, 100, Options { k_slice: 32, ..plain }),
            (257, 300, 64, Options { biased: 1, activation: ACTIVATION_SIGMOID, accumulate: 1, ..plain }),
        ] {
            all.extend(both_shapes(layout, m, n, k, options, false));
        }
        let bench = match layout {
            Layout::Nn => (512, 1024, 1024),
            Layout::Nt => (512, 256, 512),
            Layout::Tn => (256, 512, 512),
            Layout::NtF16 | Layout::NtInt8 | Layout::NtInt4 | Layout::NtF16Native => (512, 1024, 1024),
        };
        all.extend(both_shapes(layout, bench.0, bench.1, bench.2, plain, true));
    }
    all
}

/// A row-major matrix of a case: its binding, base and stride.
fn matrix(random: &mut Random, rows: u32, cols: u32, options: Options) -> (Vec<f32>, u32, u32) {
    // whole vec4s, as the vec4 variants need
    let stride = cols + if options.gap > 0 { options.gap } else { cols.next_multiple_of(4) - cols };
    let len = (options.base + rows * stride).next_multiple_of(4);
    (random.floats(len as usize), options.base, stride)
}

/// Weights of few bits, and the values that they stand for.
fn weight_rows(random: &mut Random, bits: u32, n: u32, k: u32) -> (WeightRows, Vec<f32>) {
    let (outputs, inputs) = (n as usize, k as usize);
    if bits == 16 {
        let values: Vec<f32> =
            random.floats(outputs * inputs).iter().map(|&value| f16::from_f32(value).to_f32()).collect();
        return (WeightRows::f16(&values, inputs), values);
    }
    let group = if inputs > 32 { 16 } else { inputs };
    let groups = inputs.div_ceil(group);
    let half = 1i16 << (bits - 1);
    let codes: Vec<i8> = (0..outputs * inputs)
        .map(|_| i8::try_from(i16::try_from(random.below(1 << bits)).unwrap_or(0) - half).unwrap_or(0))
        .collect();
    let scales: Vec<f32> =
        random.floats(outputs * groups).iter().map(|scale| scale / f32::from(half)).collect();
    let scale_of = |i: usize| scales[i / inputs * groups + i % inputs / group];
    let values = codes.iter().enumerate().map(|(i, &code)| f32::from(code) * scale_of(i)).collect();
    (WeightRows::codes(bits, &codes, &scales, inputs, group), values)
}

/// The cases of one input: every variant of the layout that may run it.
fn both_shapes(layout: Layout, m: u32, n: u32, k: u32, options: Options, bench: bool) -> Vec<Case> {
    let mut random = Random::new(u64::from(m * 1000 + n * 10 + k));
    let (a_rows, a_cols) = if layout.a_along() { (m, k) } else { (k, m) };
    let (b_rows, b_cols) = if layout.b_along() { (n, k) } else { (k, n) };
    let (a, a_base, a_stride) = matrix(&mut random, a_rows, a_cols, options);
    let weights = layout.bits().map(|bits| weight_rows(&mut random, bits, n, k));
    let (b, b_base, b_stride) = match &weights {
        None => matrix(&mut random, b_rows, b_cols, options),
        Some((_, values)) => (values.clone(), 0, k),
    };
    let bias = random.floats((n + options.base) as usize);
    let k_slice = if options.k_slice > 0 { options.k_slice } else { k.next_multiple_of(SLICE) };
    let slices = k.div_ceil(k_slice);
    let (out_base, out_stride) = if slices > 1 { (0, n) } else { (options.base, n + options.gap) };
    // gaps and what lies before must stay as they are, so nothing is poisoned
    let out = random.floats((out_base + slices * m * out_stride) as usize);
    let mut params = Params {
        m,
        n,
        k,
        a_base,
        a_stride,
        b_base,
        b_stride,
        out_base,
        out_stride,
        bias_base: options.base,
        biased: options.biased,
        activation: options.activation,
        accumulate: options.accumulate,
        slices,
        k_slice,
        slice_stride: m * out_stride,
        lanes_n: lanes_n(n),
        ..Params::default()
    };
    let oracle = oracle(layout, &params, &a, &b, &bias, &out);
    let (b, b_base, b_stride, b_bits) = match weights {
        None => (CaseBinding::floats(&b), b_base, b_stride, 32),
        Some((rows, _)) => {
            // a number of whole vectors before the first row
            params.b_base = options.base.next_multiple_of(4);
            params.b_stride = narrow(rows.stride);
            (params.scales, params.group_shift) = (narrow(rows.scales), rows.group_shift);
            let words = [vec![1; params.b_base as usize], rows.words].concat();
            (CaseBinding::ints(&words), params.b_base, params.b_stride, layout.bits().unwrap_or(32))
        }
    };
    let quads = [a_base, a_stride, b_base, b_stride].iter().all(|at| at % 4 == 0);
    let [a, bias, out] = [a, bias, out].map(|data| CaseBinding::floats(&data));
    let bindings = vec![a, b, bias, out];
    let bytes = 4 * u64::from(m) * u64::from(k + n) + u64::from(k) * u64::from(n) * u64::from(b_bits) / 8;
    let flops = 2 * u64::from(m) * u64::from(n) * u64::from(k);
    let mut all = Vec::new();
    for shape in [Shape::Wide, Shape::Serial] {
        if shape == Shape::Wide {
            params.lanes_n = 0;
        } else {
            params.lanes_n = lanes_n(n);
        }
        let variants: Vec<usize> = [true, false]
            .into_iter()
            .filter(|&vec4| quads || !vec4)
            .map(|vec4| variant(layout, vec4, shape))
            .collect();
        let name = format!("{layout:?} {m}x{n}x{k} {shape:?} gap={} base={}", options.gap, options.base);
        // the scalar bodies of a large product take seconds on a software adapter
        let variants = if bench { variants[..1].to_vec() } else { variants };
        let mut case =
            Case::new(name, variants, &params, bindings.clone(), tiles(shape, m, n) * params.slices);
        case.oracle = Some(oracle.clone());
        all.push(if bench { case.bench(bytes, flops) } else { case });
    }
    all
}

fn oracle(layout: Layout, p: &Params, a: &[f32], b: &[f32], bias: &[f32], out: &[f32]) -> Oracle {
    let mut expected: Vec<f64> = out.iter().map(|&v| v.into()).collect();
    let mut magnitude = vec![0.0; out.len()];
    let a_at = |m: u32, k: u32| {
        let (row, column) = if layout.a_along() { (m, k) } else { (k, m) };
        f64::from(a[(p.a_base + row * p.a_stride + column) as usize])
    };
    // by rows along n, so that the inner loop is a simple one
    let b_rows: Vec<f64> = (0..p.k)
        .flat_map(|k| (0..p.n).map(move |n| if layout.b_along() { (n, k) } else { (k, n) }))
        .map(|(row, column)| f64::from(b[(p.b_base + row * p.b_stride + column) as usize]))
        .collect();
    for slice in 0..p.slices {
        for m in 0..p.m {
            let mut sums = vec![0.0; p.n as usize];
            let mut sizes = vec![0.0; p.n as usize];
            for k in slice * p.k_slice..((slice + 1) * p.k_slice).min(p.k) {
                let x = a_at(m, k);
                let row = &b_rows[(k * p.n) as usize..][..p.n as usize];
                for ((sum, size), y) in sums.iter_mut().zip(&mut sizes).zip(row) {
                    *sum += x * y;
                    *size += (x * y).abs();
                }
            }
            for n in 0..p.n as usize {
                let at = (p.out_base + slice * p.slice_stride + m * p.out_stride) as usize + n;
                let (mut z, mut size) = (sums[n], sizes[n]);
                if p.biased == 1 {
                    z += f64::from(bias[p.bias_base as usize + n]);
                    size += 1.0;
                }
                z = match p.activation {
                    ACTIVATION_RELU => z.max(0.0),
                    ACTIVATION_SIGMOID => 1.0 / (1.0 + (-z).exp()),
                    _ => z,
                };
                if p.accumulate == 1 {
                    z += expected[at];
                    size += 1.0;
                }
                (expected[at], magnitude[at]) = (z, size + z.abs());
            }
        }
    }
    Oracle { binding: 3, expected, magnitude }
}
