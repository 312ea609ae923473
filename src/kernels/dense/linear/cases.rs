//! The cases of `linear`.

use super::*;
use crate::kernel::{Case, CaseBinding, Oracle};
use crate::kernels::random::Random;
use crate::kernels::weight_rows::WeightRows;
use crate::numbers::narrow;
use half::f16;

/// What a case varies besides the shape.
#[derive(Clone, Copy)]
struct Options {
    biased: u32,
    activation: u32,
    accumulate: u32,
    /// Elements before each matrix, and more than its columns from row to row.
    base: u32,
    gap: u32,
    k_slice: u32,
    /// Whether `a` holds values of 16 bits.
    rounded: bool,
}

const PLAIN: Options = Options {
    biased: 0,
    activation: ACTIVATION_NONE,
    accumulate: 0,
    base: 0,
    gap: 0,
    k_slice: 0,
    rounded: false,
};

/// m, n, k of every layout's cases.
const SHAPES: [(u32, u32, u32, Options); 13] = [
    (1, 1, 1, PLAIN),
    (1, 1, 100, Options { biased: 1, activation: ACTIVATION_SIGMOID, ..PLAIN }),
    (3, 5, 7, Options { base: 3, gap: 5, ..PLAIN }),
    (4, 4, 4, Options { base: 4, gap: 4, biased: 1, ..PLAIN }),
    (16, 64, 16, Options { base: 4, ..PLAIN }),
    (17, 65, 33, Options { biased: 1, activation: ACTIVATION_RELU, ..PLAIN }),
    (63, 30, 13, Options { gap: 3, accumulate: 1, ..PLAIN }),
    (66, 70, 24, Options { gap: 2, base: 8, activation: ACTIVATION_RELU, accumulate: 1, ..PLAIN }),
    (130, 129, 40, PLAIN),
    (33, 12, 100, Options { k_slice: 32, ..PLAIN }),
    (257, 300, 64, Options { biased: 1, activation: ACTIVATION_SIGMOID, accumulate: 1, ..PLAIN }),
    (66, 70, 3, Options { activation: ACTIVATION_RELU, accumulate: 2, ..PLAIN }),
    (63, 31, 24, Options { biased: 1, activation: ACTIVATION_SIGMOID, accumulate: 2, ..PLAIN }),
];

/// Those with weights and values of 16 bits, in a tile of 64 x 64, and whether rows begin with whole vectors.
pub(crate) fn of_16_bits() -> Vec<(Case, bool)> {
    let shapes = SHAPES.into_iter().map(|shape| (shape, false)).chain([((512, 1024, 1024, PLAIN), true)]);
    let cases = shapes.flat_map(|((m, n, k, options), bench)| {
        every_tile(Layout::NtF16, m, n, k, Options { rounded: true, ..options }, bench)
    });
    let [vec4, scalar] = [true, false].map(|vec4| variant(Layout::NtF16, vec4, Some(MatmulTile::T64x64)));
    let of_tile = cases.filter(|case| case.variants.contains(&vec4) || case.variants.contains(&scalar));
    of_tile.map(|case| (case.variants.contains(&vec4), case)).map(|(vec4, case)| (case, vec4)).collect()
}

pub(crate) fn cases() -> Vec<Case> {
    let mut all = Vec::new();
    for layout in LAYOUTS {
        for (m, n, k, options) in SHAPES {
            all.extend(every_tile(layout, m, n, k, options, false));
        }
        let bench = match layout {
            Layout::Nn => (512, 1024, 1024),
            Layout::Nt => (512, 256, 512),
            Layout::Tn | Layout::Tt => (256, 512, 512),
            Layout::NtF16 | Layout::NtInt8 | Layout::NtInt4 | Layout::NtF16Native => (512, 1024, 1024),
        };
        all.extend(every_tile(layout, bench.0, bench.1, bench.2, PLAIN, true));
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
fn every_tile(layout: Layout, m: u32, n: u32, k: u32, options: Options, bench: bool) -> Vec<Case> {
    let mut random = Random::new(u64::from(m * 1000 + n * 10 + k));
    let (a_rows, a_cols) = if layout.a_along() { (m, k) } else { (k, m) };
    let (b_rows, b_cols) = if layout.b_along() { (n, k) } else { (k, n) };
    let (mut a, a_base, a_stride) = matrix(&mut random, a_rows, a_cols, options);
    if options.rounded {
        a.iter_mut().for_each(|value| *value = f16::from_f32(*value).to_f32());
    }
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
    let bindings = Bindings { a, b, bias, out };
    let bytes = 4 * u64::from(m) * u64::from(k + n) + u64::from(k) * u64::from(n) * u64::from(b_bits) / 8;
    let flops = 2 * u64::from(m) * u64::from(n) * u64::from(k);
    let mut all = Vec::new();
    for tile in MatmulTile::ALL.map(Some).into_iter().chain([None]) {
        params.lanes_n = if tile.is_some() { 0 } else { lanes_n(n) };
        let variants: Vec<usize> = [true, false]
            .into_iter()
            .filter(|&vec4| quads || !vec4)
            .map(|vec4| variant(layout, vec4, tile))
            .collect();
        let cut = tile.map_or_else(|| "Serial".to_owned(), |tile| format!("{tile:?}"));
        let name = format!("{layout:?} {m}x{n}x{k} {cut} gap={} base={}", options.gap, options.base);
        // large products take software adapters long, above all those of scalars and in tiles of real GPUs
        let other_tile = matches!(tile, Some(MatmulTile::T32x64 | MatmulTile::T128x128));
        if bench && other_tile && layout != Layout::Nn {
            continue;
        }
        let variants = if bench { variants[..1].to_vec() } else { variants };
        let mut case =
            Case::new(name, variants, &params, bindings.clone(), groups(tile, m, n) * params.slices);
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
                if p.accumulate == 2 {
                    z += expected[at];
                    size += expected[at].abs();
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
    Oracle { binding: "out", expected, magnitude }
}
