//! The cases of `linear_int8`.

use super::*;
use crate::kernel::{Case, CaseBinding};
use crate::kernels::linear::{ACTIVATION_NONE, ACTIVATION_RELU, ACTIVATION_SIGMOID};
use crate::kernels::random::Random;
use crate::numbers::narrow;

/// Input of a case: the shape, and what varies besides.
struct Input {
    m: u32,
    n: u32,
    k: u32,
    activation: u32,
    coded: u32,
    /// Elements before codes and output, four times as many for the codes, and more than the columns from row
    /// to row.
    gap: u32,
    /// Words of a slice; 0: there is one.
    k_slice: u32,
}

pub(crate) fn cases() -> Vec<Case> {
    let mut all = Vec::new();
    for (m, n, k, activation, coded, gap, k_slice) in [
        (1, 1, 1, ACTIVATION_NONE, 0, 0, 0),
        (3, 5, 7, ACTIVATION_RELU, 0, 1, 0),
        (9, 33, 70, ACTIVATION_SIGMOID, 0, 2, 0),
        (65, 66, 130, ACTIVATION_NONE, 0, 0, 0),
        (17, 16, 64, ACTIVATION_RELU, 1, 1, 0),
        (70, 131, 33, ACTIVATION_NONE, 1, 0, 0),
        (2, 300, 1000, ACTIVATION_SIGMOID, 1, 0, 0),
        (67, 131, 450, ACTIVATION_NONE, 0, 0, 48),
        (512, 1024, 1024, ACTIVATION_RELU, 0, 0, 0),
    ] {
        all.extend(every_tile(&Input { m, n, k, activation, coded, gap, k_slice }));
    }
    all
}

fn every_tile(&Input { m, n, k, activation, coded, gap, k_slice }: &Input) -> Vec<Case> {
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
    let words = narrow(words_of_row);
    let k_slice = if k_slice == 0 { words.next_multiple_of(SLICE) } else { k_slice };
    let slices = words.div_ceil(k_slice);
    let out = vec![1u32; (gap + slices * m * (width + gap)) as usize];
    let size = u64::from(m * k + k * n + m * n * 4);
    let flops = 2 * u64::from(m) * u64::from(n) * u64::from(k);
    let case = |tile: Option<MatmulTile>| {
        let params = Params {
            m,
            n,
            words,
            codes_base: gap * 4,
            out_base: gap,
            out_stride: width + gap,
            activation,
            coded,
            out_inverse: 40.0,
            out_zero_point: 128,
            lanes_n: if tile.is_some() { 0 } else { lanes_n(n) },
            slices,
            k_slice,
            slice_stride: m * (width + gap),
        };
        let bindings = Bindings {
            codes: CaseBinding::ints(&codes),
            weights: CaseBinding::ints(&panels(&weights, n as usize, k as usize)),
            channels: CaseBinding::mixed(&channels),
            quant: CaseBinding::ints(&[scale.to_bits(), zero_point]),
            out: if coded == 1 || slices > 1 {
                CaseBinding::mixed(&out)
            } else {
                CaseBinding::floats(bytemuck::cast_slice(&out))
            },
        };
        let cut = tile.map_or_else(|| "Serial".to_owned(), |tile| format!("{tile:?}"));
        let name =
            format!("{m}x{n}x{k} coded={coded} activation={activation} gap={gap} slices={slices} {cut}");
        let variants = [true, false].map(|packed| variant(packed, tile));
        let case = Case::new(name, variants, &params, bindings, groups(tile, m, n) * slices);
        if k == 1024 { case.bench(size, flops) } else { case }
    };
    MatmulTile::ALL.map(Some).into_iter().chain([None]).map(case).collect()
}
