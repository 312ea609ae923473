//! The matrix product behind linear layers.

use super::random::Random;
use crate::kernel::{
    Case, CaseBinding, Kernel, Oracle, Parity, Shape, Variant, fragments, params, read, write,
};

params! {
    /// Uniform parameters.
    Params {
        m: u32,
        n: u32,
        k: u32,
        /// Elements where the matrices begin, and from row to row.
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
}

impl Layout {
    pub(crate) fn a_along(self) -> bool {
        self != Self::Tn
    }

    pub(crate) fn b_along(self) -> bool {
        self == Self::Nt
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
    ($layout:literal, $a:literal, $b:literal, $width:literal, Wide) => {
        variant!(
            concat!($layout, ".", $width, ".wide"),
            Wide,
            WIDE,
            &[("TILE", WIDE_TILE), ("K_TILE", SLICE), ("PITCH", PITCH), ("SHARED", SLICE * PITCH)],
            $a,
            $b,
            $width,
            "linear.wgsl"
        )
    };
    ($layout:literal, $a:literal, $b:literal, $width:literal, Serial) => {
        variant!(
            concat!($layout, ".", $width, ".serial"),
            Serial,
            SERIAL,
            &[("TILE", SERIAL_TILE), ("K_TILE", 4)],
            $a,
            $b,
            $width,
            "linear.serial.wgsl"
        )
    };
    ($name:expr, $shape:ident, $workgroup:expr, $constants:expr,
     $a:literal, $b:literal, $width:literal, $body:literal) => {
        Variant {
            name: $name,
            shape: Shape::$shape,
            workgroup: $workgroup,
            constants: $constants,
            sources: fragments![
                "prelude/grid.wgsl",
                "prelude/sigmoid.wgsl",
                "prelude/activation.wgsl",
                "prelude/activated.wgsl",
                concat!("prelude/elem_", $width, ".wgsl"),
                "linear/interface.wgsl",
                concat!("linear/load_", $width, ".wgsl"),
                concat!("linear/a_", $a, ".wgsl"),
                concat!("linear/b_", $b, ".wgsl"),
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
        variant!("nn", "along", "across", "vec4", Wide),
        variant!("nn", "along", "across", "vec4", Serial),
        variant!("nn", "along", "across", "scalar", Wide),
        variant!("nn", "along", "across", "scalar", Serial),
        variant!("nt", "along", "along", "vec4", Wide),
        variant!("nt", "along", "along", "vec4", Serial),
        variant!("nt", "along", "along", "scalar", Wide),
        variant!("nt", "along", "along", "scalar", Serial),
        variant!("tn", "across", "across", "vec4", Wide),
        variant!("tn", "across", "across", "vec4", Serial),
        variant!("tn", "across", "across", "scalar", Wide),
        variant!("tn", "across", "across", "scalar", Serial),
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

const LAYOUTS: [Layout; 3] = [Layout::Nn, Layout::Nt, Layout::Tn];

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

/// The cases of one input: every variant of the layout that may run it.
fn both_shapes(layout: Layout, m: u32, n: u32, k: u32, options: Options, bench: bool) -> Vec<Case> {
    let mut random = Random::new(u64::from(m * 1000 + n * 10 + k));
    let (a_rows, a_cols) = if layout.a_along() { (m, k) } else { (k, m) };
    let (b_rows, b_cols) = if layout.b_along() { (n, k) } else { (k, n) };
    let (a, a_base, a_stride) = matrix(&mut random, a_rows, a_cols, options);
    let (b, b_base, b_stride) = matrix(&mut random, b_rows, b_cols, options);
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
    };
    let oracle = oracle(layout, &params, &a, &b, &bias, &out);
    let quads = [a_base, a_stride, b_base, b_stride].iter().all(|at| at % 4 == 0);
    let bindings = [a, b, bias, out].map(|data| CaseBinding::floats(&data));
    let bytes = 4 * (u64::from(m) * u64::from(k) + u64::from(k) * u64::from(n) + u64::from(m) * u64::from(n));
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
            Case::new(name, variants, &params, bindings.to_vec(), tiles(shape, m, n) * params.slices);
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
