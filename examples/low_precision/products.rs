//! Matrix products in few bits: their errors against `f64`, by the length `K` of the sums.
//!
//! `x` of `[M, K]` has normal numbers, `w` of `[N, K]` normal numbers of the variance `1 / K`. Sums of 16
//! bits are simulated on the host, as an accelerator makes them (caffe2's `fakelowp`): operands and products
//! are rounded to f16, those below `2^-14` are 0, and so is every sum; in blocks, sums of 128 products are
//! added up in the same way.

use embag::dense::Activation;
use embag::quant::{ActivationBits, InputQuant, Int8Linear, QuantizedWeight, WeightOnlyLinear};
use embag::{Context, Matrix, Recorder, Result};
use half::f16;
use serde::Serialize;

use crate::random::{generator, normal};

/// The lengths that are tried.
pub const LENGTHS: [usize; 3] = [256, 1024, 4096];
const M: usize = 8;
const N: usize = 128;
/// The stream of a length's numbers is the length: `x` row by row, then `w`.
const SEED: u64 = 3;
const BLOCK: usize = 128;

/// Relative errors of products of a length.
#[derive(Debug, Clone, Serialize)]
pub struct ProductErrors {
    pub length: usize,
    /// Weights of f16, sums of `f32`.
    pub f16: f64,
    /// Sums of f16, one product after the other.
    pub acc16: f64,
    /// Sums of f16 in blocks of 128.
    pub acc16_blocked: f64,
    /// int8, a scale for each output.
    pub int8_channel: f64,
    /// int8, one scale for all weights.
    pub int8_tensor: f64,
    /// int8 with a scale for each output, of inputs after a ReLU.
    pub int8_relu: f64,
}

pub fn measure(ctx: &Context, lengths: &[usize]) -> Result<Vec<ProductErrors>> {
    lengths.iter().map(|&length| of(ctx, length)).collect()
}

fn of(ctx: &Context, length: usize) -> Result<ProductErrors> {
    let mut rng = generator(SEED, length as u64);
    #[expect(clippy::cast_possible_truncation, reason = "rounded on purpose, and far from f32's ends")]
    let mut draw = |rows: usize, deviation: f64| -> Vec<f32> {
        (0..rows * length).map(|_| (deviation * normal(&mut rng)) as f32).collect()
    };
    let (x, w) = (draw(M, 1.0), draw(N, (length as f64).powf(-0.5)));
    let positive: Vec<f32> = x.iter().map(|x| x.max(0.0)).collect();
    let exact = products(&x, &w, length);
    let by_channel = QuantizedWeight::quantize(&w, N, length, 8, length)?;
    let int8 = |weight: &QuantizedWeight, x: &[f32], exact: &[f64]| {
        Ok::<_, embag::Error>(relative_error(exact, &int8(ctx, weight, x)?))
    };
    let sums = |block| relative_error(&exact, &sums_of_16_bits(&x, &w, length, block));
    Ok(ProductErrors {
        length,
        f16: relative_error(&exact, &weights_of_16_bits(ctx, &x, &w, length)?),
        acc16: sums(length),
        acc16_blocked: sums(BLOCK),
        int8_channel: int8(&by_channel, &x, &exact)?,
        int8_tensor: int8(&by_tensor(&w, length)?, &x, &exact)?,
        int8_relu: int8(&by_channel, &positive, &products(&positive, &w, length))?,
    })
}

/// Each row of `x` with each row of `w`.
fn products(x: &[f32], w: &[f32], length: usize) -> Vec<f64> {
    let dot = |x: &[f32], w: &[f32]| x.iter().zip(w).map(|(x, w)| f64::from(*x) * f64::from(*w)).sum();
    x.chunks(length).flat_map(|x| w.chunks(length).map(move |w| dot(x, w))).collect()
}

fn relative_error(exact: &[f64], found: &[f32]) -> f64 {
    let error: f64 = exact.iter().zip(found).map(|(e, f)| (e - f64::from(*f)).powi(2)).sum();
    (error / exact.iter().map(|e| e * e).sum::<f64>()).sqrt()
}

fn weights_of_16_bits(ctx: &Context, x: &[f32], w: &[f32], length: usize) -> Result<Vec<f32>> {
    let layer = WeightOnlyLinear::f16(ctx, w, &[0.0; N], length, Activation::None)?;
    let out = Matrix::zeros(ctx, M, N)?;
    let mut rec = Recorder::new(ctx);
    layer.record_forward(&mut rec, &Matrix::from_slice(ctx, x, M, length)?, &out)?;
    rec.run()?;
    out.to_vec(ctx)
}

fn int8(ctx: &Context, weight: &QuantizedWeight, x: &[f32]) -> Result<Vec<f32>> {
    let input = InputQuant::Dynamic(ActivationBits::Eight);
    let layer = Int8Linear::new(ctx, weight, &[0.0; N], Activation::None, input)?;
    let out = Matrix::zeros(ctx, M, N)?;
    let mut rec = Recorder::new(ctx);
    layer.record_forward(&mut rec, &Matrix::from_slice(ctx, x, M, weight.inputs())?, &out)?;
    rec.run()?;
    out.to_vec(ctx)
}

/// Codes of 8 bits with the one scale that the largest weight of all needs.
fn by_tensor(w: &[f32], length: usize) -> Result<QuantizedWeight> {
    let scale = w.iter().fold(0.0, |most: f32, w| most.max(w.abs())) / 127.5;
    #[expect(clippy::cast_possible_truncation, reason = "clamped to 8 bits")]
    let codes = w.iter().map(|w| (w / scale).round_ties_even().clamp(-128.0, 127.0) as i8).collect();
    QuantizedWeight::from_codes(codes, vec![scale; N], N, length, 8, length)
}

fn sums_of_16_bits(x: &[f32], w: &[f32], length: usize, block: usize) -> Vec<f32> {
    let [x, w] = [x, w].map(|values| values.iter().map(|&value| rounded(value)).collect::<Vec<f32>>());
    let sum = |terms: &mut dyn Iterator<Item = f32>| {
        terms.fold(0.0, |sum, term| f16::from_f32(sum + term).to_f32())
    };
    let dot = |x: &[f32], w: &[f32]| {
        let part = |(x, w): (&[f32], &[f32])| sum(&mut x.iter().zip(w).map(|(x, w)| rounded(x * w)));
        sum(&mut x.chunks(block).zip(w.chunks(block)).map(part))
    };
    x.chunks(length).flat_map(|x| w.chunks(length).map(move |w| dot(x, w))).collect()
}

/// To f16, and to 0 where that would be subnormal.
fn rounded(value: f32) -> f32 {
    let half = f16::from_f32(value).to_f32();
    if half.abs() < f16::MIN_POSITIVE.to_f32() { 0.0 } else { half }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sums_of_16_bits_are_rounded_at_every_step() {
        // 2048 + 1 is no number of 11 bits, and its half is rounded to the even neighbour
        let x = [2048.0, 1.0, 1.0, 1.0, 1e-5];
        assert_eq!(sums_of_16_bits(&x, &[1.0; 5], 5, 5), [2048.0]);
        assert_eq!(sums_of_16_bits(&x, &[1.0; 5], 5, 2), [2050.0]);
        assert_eq!(rounded(6e-5), 0.0);
        assert_eq!(rounded(1.0 / 16384.0), 1.0 / 16384.0);
    }
}
