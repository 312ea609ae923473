//! The dense pieces of a retrieval model against formulas in `f64`, and their gradients against differences.

use embag::dense::{
    SoftmaxCrossEntropy, Targets, record_add, record_add_scaled, record_normalize_rows,
    record_normalize_rows_grad, record_scale, record_weighted_bce_with_logits,
};
use embag::sort::top_k;
use embag::{Buffer, Context, ContextOptions, Matrix, Recorder, Result};
use proptest::prelude::*;

use crate::common;
use crate::dense::{all_devices, assert_close, differences, dot, numbers, view, wide};

fn run(ctx: &Context, record: impl FnOnce(&mut Recorder) -> Result<()>) {
    let mut rec = Recorder::new(ctx);
    record(&mut rec).expect("valid arguments");
    rec.run().expect("no device error");
}

#[test]
fn sums_and_multiples() {
    for ctx in all_devices() {
        // as vectors of four, and not
        for (rows, cols) in [(3, 8), (5, 7), (1, 1), (70, 130)] {
            let [a, b] = [1, 2].map(|seed| numbers(rows * cols, seed));
            let matrix = |data: &[f32]| Matrix::from_slice(&ctx, data, rows, cols).unwrap();
            for out in [matrix(&a), view(&ctx, &a, rows, cols)] {
                let values = || out.to_vec(&ctx).unwrap();
                run(&ctx, |rec| record_scale(rec, &matrix(&b), 0.5, &out));
                assert_eq!(values(), b.iter().map(|b| 0.5 * b).collect::<Vec<_>>());
                run(&ctx, |rec| record_add(rec, &matrix(&a), &view(&ctx, &b, rows, cols), &out));
                assert_eq!(values(), a.iter().zip(&b).map(|(a, b)| a + b).collect::<Vec<_>>());
                out.write(&ctx, &a).unwrap();
                run(&ctx, |rec| record_add_scaled(rec, &matrix(&b), -2.0, &out));
                assert_eq!(values(), a.iter().zip(&b).map(|(a, b)| a - 2.0 * b).collect::<Vec<_>>());
            }
        }
    }
}

#[test]
fn rows_of_length_one_and_their_gradient() {
    let normalized = |x: &[f64]| -> Vec<f64> {
        let length = dot(x, x).sqrt().max(1e-12);
        x.iter().map(|x| x / length).collect()
    };
    for ctx in all_devices() {
        for (rows, cols) in [(3, 8), (6, 5), (2, 130)] {
            let (x, g) = (numbers(rows * cols, 3), numbers(rows * cols, 4));
            let (x_there, g_there) = (view(&ctx, &x, rows, cols), view(&ctx, &g, rows, cols));
            let [out, dx] = [(); 2].map(|()| view(&ctx, &vec![f32::NAN; rows * cols], rows, cols));
            run(&ctx, |rec| record_normalize_rows(rec, &x_there, &out));
            run(&ctx, |rec| record_normalize_rows_grad(rec, &x_there, &g_there, &dx));
            let (x, g) = (wide(&x), wide(&g));
            let expected: Vec<f64> = x.chunks(cols).flat_map(normalized).collect();
            assert_close("rows", &out.to_vec(&ctx).unwrap(), &expected, 1e-6);
            let sum =
                |x: &[f64]| x.chunks(cols).zip(g.chunks(cols)).map(|(x, g)| dot(&normalized(x), g)).sum();
            assert_close("gradient", &dx.to_vec(&ctx).unwrap(), &differences(&x, sum), 1e-5);
        }
        // rows of zeros stay so, and what is too short is divided by the least length
        let x = Matrix::from_slice(&ctx, &[0.0, 0.0, 3e-14, 4e-14], 2, 2).unwrap();
        let g = Matrix::from_slice(&ctx, &[1.0, 2.0, 3.0, 4.0], 2, 2).unwrap();
        let [out, dx] = [(); 2].map(|()| Matrix::zeros(&ctx, 2, 2).unwrap());
        run(&ctx, |rec| record_normalize_rows(rec, &x, &out));
        run(&ctx, |rec| record_normalize_rows_grad(rec, &x, &g, &dx));
        assert_close("short rows", &out.to_vec(&ctx).unwrap(), &[0.0, 0.0, 0.03, 0.04], 1e-6);
        assert_close("their gradient", &dx.to_vec(&ctx).unwrap(), &[1e12, 2e12, 3e12, 4e12], 1e-6);
    }
}

#[test]
fn weighted_bce_gradient_is_the_derivative() {
    let loss_of = |z: f64, y: f64| z.max(0.0) - z * y + (-z.abs()).exp().ln_1p();
    let (rows, cols) = (7, 5);
    let logits: Vec<f32> = numbers(rows * cols, 4).iter().map(|z| z * 6.0).collect();
    let labels: Vec<f32> = (0..rows * cols).map(|i| [0.0, 1.0, 0.3][i % 3]).collect();
    for ctx in all_devices() {
        for of_each in [1, cols] {
            let weights = numbers(rows * of_each, 5);
            let weight = |i: usize| f64::from(weights[i / cols * of_each + i % cols % of_each]);
            let [loss, grad] = [(); 2].map(|()| view(&ctx, &vec![9.0; rows * cols], rows, cols));
            run(&ctx, |rec| {
                let there = |data: &[f32], cols| view(&ctx, data, rows, cols);
                let (z, y, w) = (there(&logits, cols), there(&labels, cols), there(&weights, of_each));
                record_weighted_bce_with_logits(rec, &z, &y, &w, &loss, &grad)
            });
            let losses = |z: &[f64]| -> Vec<f64> {
                let all = z.iter().zip(&labels).enumerate();
                all.map(|(i, (&z, &y))| weight(i) * loss_of(z, y.into())).collect()
            };
            assert_close("loss", &loss.to_vec(&ctx).unwrap(), &losses(&wide(&logits)), 1e-6);
            let mean = |z: &[f64]| losses(z).iter().sum::<f64>() / (rows * cols) as f64;
            assert_close("grad", &grad.to_vec(&ctx).unwrap(), &differences(&wide(&logits), mean), 1e-7);
        }
    }
}

/// The losses of all rows, from their definition.
fn softmax_losses(logits: &[f64], targets: &[u32], log_q: &[f32], ids: &[u64], weights: &[f32]) -> Vec<f64> {
    let rows = logits.chunks(log_q.len()).zip(targets).zip(weights);
    rows.map(|((logits, &target), &weight)| {
        let target = target as usize;
        let score = |c: usize| logits[c] - f64::from(log_q[c]);
        let counts = |c: &usize| *c == target || ids[*c] != ids[target];
        let sum: f64 = (0..log_q.len()).filter(counts).map(|c| score(c).exp()).sum();
        f64::from(weight) * (sum.ln() - score(target))
    })
    .collect()
}

#[test]
fn softmax_gradient_is_the_derivative() {
    for ctx in all_devices() {
        for (rows, cols) in [(1, 1), (4, 6), (9, 70), (5, 130)] {
            let logits: Vec<f32> = numbers(rows * cols, 6).iter().map(|z| z * 5.0).collect();
            let (log_q, weights) = (numbers(cols, 7), numbers(rows, 8));
            // each id twice or three times
            let ids: Vec<u64> = (0..cols).map(|c| (c * 7 % cols) as u64 / 2 + (1 << 40)).collect();
            let columns: Vec<u32> =
                (0..rows).map(|row| u32::try_from((row * 5 + 1) % cols).unwrap()).collect();
            let in_batch: Vec<u32> = (0..).take(rows).collect();
            let one = vec![u32::try_from(cols - 1).unwrap(); rows];
            for (targets, expected) in [
                (Targets::InBatch, &in_batch),
                (Targets::Columns(&columns), &columns),
                (Targets::Column(one[0]), &one),
            ] {
                let there = view(&ctx, &logits, rows, cols);
                let [loss, plain] = [(); 2].map(|()| view(&ctx, &vec![9.0; rows], rows, 1));
                let [grad, unused] = [(); 2].map(|()| view(&ctx, &vec![9.0; rows * cols], rows, cols));
                let (of_q, of_rows) = (view(&ctx, &log_q, 1, cols), view(&ctx, &weights, rows, 1));
                let full = SoftmaxCrossEntropy::new(targets).log_q(&of_q).weights(&of_rows);
                let full = full.candidate_ids(&ids);
                run(&ctx, |rec| full.record(rec, &there, &loss, &grad));
                run(&ctx, |rec| SoftmaxCrossEntropy::new(targets).record(rec, &there, &plain, &unused));
                let losses = |z: &[f64]| softmax_losses(z, expected, &log_q, &ids, &weights);
                assert_close("loss", &loss.to_vec(&ctx).unwrap(), &losses(&wide(&logits)), 2e-6);
                let mean = |z: &[f64]| losses(z).iter().sum::<f64>() / rows as f64;
                assert_close("grad", &grad.to_vec(&ctx).unwrap(), &differences(&wide(&logits), mean), 2e-6);
                let different: Vec<u64> = (0..).take(cols).collect();
                let expected =
                    softmax_losses(&wide(&logits), expected, &vec![0.0; cols], &different, &vec![1.0; rows]);
                assert_close("plain loss", &plain.to_vec(&ctx).unwrap(), &expected, 2e-6);
            }
        }
    }
}

#[test]
fn softmax_of_extreme_logits() {
    for ctx in all_devices() {
        let logits = [1e30, 0.0, f32::NEG_INFINITY, -1e30, 5.0, f32::NAN, 1.0, 2.0, 3.0];
        let z = Matrix::from_slice(&ctx, &logits, 3, 3).unwrap();
        let [loss, grad] = [Matrix::zeros(&ctx, 3, 1).unwrap(), Matrix::zeros(&ctx, 3, 3).unwrap()];
        let targets = Targets::Columns(&[0, 1, 2]);
        run(&ctx, |rec| SoftmaxCrossEntropy::new(targets).record(rec, &z, &loss, &grad));
        let (loss, grad) = (loss.to_vec(&ctx).unwrap(), grad.to_vec(&ctx).unwrap());
        assert_eq!(loss[0], 0.0);
        assert_eq!(grad[..3], [0.0; 3]);
        // torch has NaN wherever one takes part
        assert!(loss[1].is_nan() && grad[3..6].iter().all(|grad| grad.is_nan()), "{loss:?} {grad:?}");
        assert_close("loss", &loss[2..], &[(1.0 + (-1f64).exp() + (-2f64).exp()).ln()], 1e-6);
    }
}

#[test]
fn bad_arguments_are_named() {
    let ctx = Context::cpu();
    let zeros = |rows, cols| Matrix::zeros(&ctx, rows, cols).unwrap();
    let mut rec = Recorder::new(&ctx);
    let (two, three) = (zeros(2, 1), zeros(3, 1));
    let mut softmax = |targets, loss: &Matrix| {
        let loss = SoftmaxCrossEntropy::new(targets).record(&mut rec, &zeros(3, 2), loss, &zeros(3, 2));
        loss.unwrap_err().to_string()
    };
    assert_eq!(
        softmax(Targets::InBatch, &three),
        "logits: expected at least as many candidates as the 3 rows, got 2 columns"
    );
    assert_eq!(softmax(Targets::Columns(&[0, 1]), &three), "targets: expected one for each of 3 rows, got 2");
    assert_eq!(
        softmax(Targets::Columns(&[0, 1, 2]), &three),
        "target of row 2: expected less than the 2 candidates, got 2"
    );
    assert_eq!(softmax(Targets::Column(0), &two), "loss: expected 3 x 1, got 2 x 1");
    let candidates = SoftmaxCrossEntropy::in_batch().candidate_ids(&[1u32, 2, 3]);
    let error = candidates.record(&mut rec, &zeros(2, 2), &two, &zeros(2, 2)).unwrap_err();
    assert_eq!(error.to_string(), "candidate_ids: expected 2 ids, as the logits have, got 3");
    let weights = zeros(2, 3);
    let logits = zeros(2, 2);
    let error =
        record_weighted_bce_with_logits(&mut rec, &logits, &logits, &weights, &logits, &logits).unwrap_err();
    assert_eq!(error.to_string(), "weights: expected 2 x 1 or 2 x 2, got 2 x 3");
    let columns = Buffer::from_slice(&ctx, &[0u32; 6]).unwrap();
    let error = top_k(&mut rec, &zeros(2, 2), &zeros(2, 3), &columns).unwrap_err();
    assert_eq!(error.to_string(), "values: expected at most the scores' 2 columns, got 3");
    let error = top_k(&mut rec, &zeros(2, 5), &zeros(2, 2), &columns).unwrap_err();
    assert_eq!(error.to_string(), "columns: expected 16 bytes for 2 x 2, got 24");
    let error = record_add(&mut rec, &logits, &weights, &zeros(2, 2)).unwrap_err();
    assert_eq!(error.to_string(), "b: expected 2 x 2, got 2 x 3");
    // nothing was recorded
    assert!(format!("{rec:?}").contains("commands: 0"), "{rec:?}");
}

#[test]
fn nothing_is_asked_of_nothing() {
    for ctx in all_devices() {
        let zeros = |rows, cols| Matrix::zeros(&ctx, rows, cols).unwrap();
        run(&ctx, |rec| {
            record_add(rec, &zeros(0, 4), &zeros(0, 4), &zeros(0, 4))?;
            record_scale(rec, &zeros(4, 0), 1.0, &zeros(4, 0))?;
            record_normalize_rows(rec, &zeros(4, 0), &zeros(4, 0))?;
            record_normalize_rows_grad(rec, &zeros(0, 4), &zeros(0, 4), &zeros(0, 4))?;
            SoftmaxCrossEntropy::in_batch().record(rec, &zeros(0, 4), &zeros(0, 1), &zeros(0, 4))?;
            top_k(rec, &zeros(3, 4), &zeros(3, 0), &Buffer::from_slice::<u32>(&ctx, &[])?)
        });
    }
}

#[test]
fn the_largest_of_rows_a_binding_at_a_time() {
    let ctx = Context::cpu_with(&ContextOptions::new().max_binding(1024)).unwrap();
    let scores: Vec<f32> = (0..400).map(|i| ((i * 37) % 101) as f32).collect();
    for rows in [4usize, 100] {
        let cols = scores.len() / rows;
        let columns = Buffer::from_slice(&ctx, &vec![0u32; rows * 3]).unwrap();
        let values = Matrix::zeros(&ctx, rows, 3).unwrap();
        run(&ctx, |rec| top_k(rec, &Matrix::from_slice(&ctx, &scores, rows, cols)?, &values, &columns));
        let mut expected = Vec::new();
        for row in scores.chunks(cols) {
            let mut order: Vec<u32> = (0..).take(cols).collect();
            order.sort_by(|&a, &b| row[b as usize].total_cmp(&row[a as usize]));
            expected.extend_from_slice(&order[..3]);
        }
        assert_eq!(columns.read::<u32>(&ctx).unwrap(), expected, "{rows} rows");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(8 * common::case_factor()))]

    #[test]
    fn the_largest_of_rows(
        rows in 1usize..6, cols in 1usize..9000, share in 0.0f64..1.0, coarse in any::<bool>(), as_view in any::<bool>()
    ) {
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a share of the columns")]
        let k = ((cols as f64 * share * share * share) as usize).max(1);
        let mut scores = numbers(rows * cols, 9);
        if coarse {
            scores.iter_mut().for_each(|score| *score = (*score * 4.0).round());
        }
        scores[rows * cols / 2] = f32::NAN;
        let mut expected = Vec::new();
        for row in scores.chunks(cols) {
            let mut order: Vec<usize> = (0..cols).collect();
            order.sort_by(|&a, &b| {
                let nan = row[b].is_nan().cmp(&row[a].is_nan());
                nan.then(row[b].partial_cmp(&row[a]).unwrap_or(std::cmp::Ordering::Equal))
            });
            expected.extend(order.into_iter().take(k).map(|column| u32::try_from(column).unwrap()));
        }
        for ctx in all_devices() {
            let there = if as_view {
                view(&ctx, &scores, rows, cols)
            } else {
                Matrix::from_slice(&ctx, &scores, rows, cols).unwrap()
            };
            let values = view(&ctx, &vec![0.0; rows * k], rows, k);
            let columns = Buffer::from_slice(&ctx, &vec![0u32; rows * k]).unwrap();
            run(&ctx, |rec| top_k(rec, &there, &values, &columns));
            let columns: Vec<u32> = columns.read(&ctx).unwrap();
            prop_assert_eq!(&columns, &expected, "{} x {}, {} of {:?}", rows, cols, k, ctx);
            let values = values.to_vec(&ctx).unwrap();
            for (i, (value, &column)) in values.iter().zip(&columns).enumerate() {
                prop_assert_eq!(value.to_bits(), scores[i / k * cols + column as usize].to_bits());
            }
        }
    }
}
