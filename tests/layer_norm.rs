//! The layer norm against an f64 formula and central differences, sums in front of it, checkpoints and errors.

mod common;
#[path = "common/dense.rs"]
mod dense;

use dense::{ADAM, SGD, all_devices, assert_close, differences, dot, numbers, view, wide};
use embag::dense::LayerNorm;
use embag::{Context, Matrix, Recorder, Result};

/// Of one example: gains, then biases.
fn normalized(z: &[f64], affine: &[f64]) -> Vec<f64> {
    let dim = affine.len() / 2;
    let of_token = |z: &[f64]| -> Vec<f64> {
        let mean = z.iter().sum::<f64>() / dim as f64;
        let variance = z.iter().map(|z| (z - mean).powi(2)).sum::<f64>() / dim as f64;
        (0..dim).map(|d| (z[d] - mean) / (variance + 1e-5).sqrt() * affine[d] + affine[dim + d]).collect()
    };
    z.chunks(dim).flat_map(of_token).collect()
}

#[test]
fn sums_and_their_gradients_are_the_formulas() {
    for ctx in all_devices() {
        for (tokens, dim, parts) in [(1, 1, 0), (3, 4, 0), (2, 7, 1), (5, 8, 3), (2, 70, 2)] {
            let (batch, width) = (4, tokens * dim);
            let norm = LayerNorm::new(&ctx, tokens, dim, batch + 1, SGD).unwrap();
            let affine: Vec<f32> = numbers(2 * dim, 3).iter().map(|value| value + 1.5).collect();
            norm.parameters()[0].1.write(&ctx, &affine).unwrap();
            let (x, added) = (numbers(batch * width, 1), numbers(batch * parts * width, 2));
            let g = numbers(batch * width, 4);
            let sum = |x: &[f64]| -> Vec<f64> {
                let of = |i: usize| {
                    let (example, column) = (i / width, i % width);
                    let of_part = |part: usize| f64::from(added[(example * parts + part) * width + column]);
                    x[i] + (0..parts).map(of_part).sum::<f64>()
                };
                (0..x.len()).map(of).collect()
            };
            let value = |x: &[f64], affine: &[f64]| normalized(&sum(x), affine);
            let empty = vec![f32::NAN; x.len()];
            let [input, dout, out, dx] = [&x, &g, &empty, &empty].map(|data| view(&ctx, data, batch, width));
            let mut rec = Recorder::new(&ctx);
            match parts {
                0 => norm.record_forward(&mut rec, &input, &out).unwrap(),
                _ => {
                    let parts = view(&ctx, &added, batch, parts * width);
                    norm.record_forward_sum(&mut rec, &input, &parts, &out).unwrap();
                }
            }
            norm.record_backward(&mut rec, &dout, &dx).unwrap();
            rec.run().unwrap();
            let what = format!("{tokens} x {dim}, {parts} parts on {ctx:?}");
            assert_close(&what, &out.to_vec(&ctx).unwrap(), &value(&wide(&x), &wide(&affine)), 1e-5);
            let expected = differences(&wide(&x), |x| dot(&value(x, &wide(&affine)), &wide(&g)));
            assert_close(&what, &dx.to_vec(&ctx).unwrap(), &expected, 1e-4);
            let expected = differences(&wide(&affine), |affine| dot(&value(&wide(&x), affine), &wide(&g)));
            assert_close(&what, &norm.gradients()[0].1.to_vec(&ctx).unwrap(), &expected, 1e-4);
        }
    }
}

#[test]
fn steps_go_on_from_a_checkpoint() {
    let ctx = Context::cpu();
    let norm = || LayerNorm::new(&ctx, 2, 3, 4, ADAM).unwrap();
    let step = |norm: &mut LayerNorm, seed| {
        let x = Matrix::from_slice(&ctx, &numbers(24, seed), 4, 6).unwrap();
        let [out, dx] = [(); 2].map(|()| Matrix::zeros(&ctx, 4, 6).unwrap());
        let mut rec = Recorder::new(&ctx);
        norm.record_forward(&mut rec, &x, &out).unwrap();
        norm.record_backward(&mut rec, &x, &dx).unwrap();
        norm.record_step(&mut rec).unwrap();
        rec.run().unwrap();
        norm.parameters()[0].1.to_vec(&ctx).unwrap()
    };
    let (mut whole, mut first, mut resumed) = (norm(), norm(), norm());
    step(&mut whole, 1);
    step(&mut first, 1);
    resumed.set_tensors(&ctx, &first.tensors(&ctx).unwrap()).unwrap();
    let expected = step(&mut whole, 2);
    assert_ne!(expected, [1.0, 1.0, 1.0, 0.0, 0.0, 0.0]);
    common::assert_bits("resumed", &step(&mut resumed, 2), &expected);
}

#[test]
fn empty_batches_have_gradients_of_zero() {
    for ctx in all_devices() {
        let norm = LayerNorm::new(&ctx, 2, 4, 3, SGD).unwrap();
        norm.gradients()[0].1.write(&ctx, &[1.0; 8]).unwrap();
        let nothing = Matrix::zeros(&ctx, 0, 8).unwrap();
        let mut rec = Recorder::new(&ctx);
        norm.record_forward(&mut rec, &nothing, &nothing.clone()).unwrap();
        norm.record_backward(&mut rec, &nothing, &nothing.clone()).unwrap();
        rec.run().unwrap();
        assert_eq!(norm.gradients()[0].1.to_vec(&ctx).unwrap(), [0.0; 8]);
    }
}

#[track_caller]
fn assert_says(result: Result<impl std::fmt::Debug>, parts: &[&str]) {
    let message = result.expect_err("it is refused").to_string();
    assert!(parts.iter().all(|part| message.contains(part)), "{parts:?} in: {message}");
}

#[test]
fn what_does_not_fit_is_refused() {
    let ctx = Context::cpu();
    assert_says(LayerNorm::new(&ctx, 0, 4, 3, SGD), &["tokens", "at least one", "0"]);
    assert_says(LayerNorm::new(&ctx, 2, 0, 3, SGD), &["dim", "at least one", "0"]);
    let norm = LayerNorm::new(&ctx, 2, 4, 3, SGD).unwrap();
    let zeros = |rows, cols| Matrix::zeros(&ctx, rows, cols).unwrap();
    let mut rec = Recorder::new(&ctx);
    assert_says(norm.record_forward(&mut rec, &zeros(2, 7), &zeros(2, 8)), &["x", "2 x 8", "2 x 7"]);
    assert_says(norm.record_forward(&mut rec, &zeros(4, 8), &zeros(4, 8)), &["x", "at most 3 rows", "4"]);
    assert_says(norm.record_forward(&mut rec, &zeros(2, 8), &zeros(3, 8)), &["out", "2 x 8", "3 x 8"]);
    let mut sum = |parts| norm.record_forward_sum(&mut rec, &zeros(2, 8), &parts, &zeros(2, 8));
    assert_says(sum(zeros(2, 12)), &["parts", "a multiple of 8", "12"]);
    assert_says(sum(zeros(2, 0)), &["parts", "a multiple of 8", "0"]);
    assert_says(sum(zeros(1, 16)), &["parts", "2 x 16", "1 x 16"]);
    assert_says(norm.record_backward(&mut rec, &zeros(2, 8), &zeros(2, 7)), &["dx", "2 x 8", "2 x 7"]);
    let before = ctx.counters();
    rec.run().unwrap();
    assert_eq!(ctx.counters().dispatches, before.dispatches);
}
