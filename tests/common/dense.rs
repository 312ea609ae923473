//! What the tests of the dense half share: devices, numbers, and derivatives by differences.
#![allow(dead_code, reason = "not every test binary uses everything")]

use embag::Shape;
use embag::dense::DenseOptimizer;
use embag::optim::{Adam, BiasCorrection, EpsPlace, Sgd, WeightDecay};
use embag::{Context, ContextOptions, Matrix};

use crate::common;

pub(crate) const SGD: DenseOptimizer = DenseOptimizer::Sgd(Sgd { lr: 0.1, weight_decay: WeightDecay::None });
pub(crate) const ADAM: DenseOptimizer = DenseOptimizer::Adam(Adam {
    lr: 0.01,
    betas: [0.9, 0.99],
    eps: 1e-8,
    weight_decay: WeightDecay::L2(0.1),
    bias_correction: BiasCorrection::Steps,
    eps_place: EpsPlace::Corrected,
});

/// Every device, the GPU with the kernels for real ones too.
pub(crate) fn all_devices() -> Vec<Context> {
    let mut all = common::devices();
    all.extend(common::gpu_with(&ContextOptions::new().shape(Shape::Wide)));
    all
}

/// Numbers in `[-1, 1)` that look random.
pub(crate) fn numbers(count: usize, seed: u32) -> Vec<f32> {
    let mut state = seed.wrapping_mul(747_796_405).wrapping_add(1);
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 17;
        state ^= state << 5;
        (state >> 8) as f32 / 8_388_608.0 - 1.0
    };
    (0..count).map(|_| next()).collect()
}

pub(crate) fn wide(values: &[f32]) -> Vec<f64> {
    values.iter().map(|&value| value.into()).collect()
}

/// A matrix in the middle of a wider one, whose first column no device could bind.
pub(crate) fn view(ctx: &Context, data: &[f32], rows: usize, cols: usize) -> Matrix {
    let outer = Matrix::from_slice(ctx, &vec![7.0; rows * (cols + 8)], rows, cols + 8).expect("memory");
    let inner = outer.columns(3, cols).expect("inside");
    inner.write(ctx, data).expect("it fits");
    inner
}

/// Errors as parts of the largest value: each is a sum of terms that may be as large as that.
#[track_caller]
pub(crate) fn assert_close(what: &str, got: &[f32], expected: &[f64], tolerance: f64) {
    let largest = expected.iter().fold(1.0f64, |largest, value| largest.max(value.abs()));
    common::assert_close_at(largest, what, got, expected, tolerance);
}

/// The derivatives of `f` by central differences.
pub(crate) fn differences(at: &[f64], f: impl Fn(&[f64]) -> f64) -> Vec<f64> {
    let step = 1e-5;
    let mut point = at.to_vec();
    (0..at.len())
        .map(|i| {
            point[i] = at[i] + step;
            let above = f(&point);
            point[i] = at[i] - step;
            let below = f(&point);
            point[i] = at[i];
            (above - below) / (2.0 * step)
        })
        .collect()
}

pub(crate) fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}
