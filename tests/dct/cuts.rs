//! What crosses a boundary between layers, and what comes back.

use embag::dense::Cut;
use embag::{Checkpoint, Context, Matrix, Recorder, Result};

use crate::Random;

fn contexts() -> Vec<Context> {
    std::iter::once(Context::cpu()).chain(Context::open().ok()).collect()
}

/// `[rows, cols]` with room between rows or without.
fn matrix(ctx: &Context, values: &[f32], cols: usize, padded: bool) -> Result<Matrix> {
    let rows = values.len() / cols;
    let matrix = if padded { Matrix::padded(ctx, rows, cols)? } else { Matrix::zeros(ctx, rows, cols)? };
    matrix.write(ctx, values)?;
    Ok(matrix)
}

fn values(seed: u64, count: usize) -> Vec<f32> {
    let mut random = Random::of([seed, 0, 3]);
    (0..count).map(|_| random.normal().max(-0.5)).collect()
}

/// A step of training: what crosses, and what comes back of a gradient.
fn step(ctx: &Context, cut: &mut Cut, x: &[f32], cols: usize, padded: bool) -> Result<[Vec<f32>; 2]> {
    let gradient = values(99, x.len());
    let (x, dout) = (matrix(ctx, x, cols, padded)?, matrix(ctx, &gradient, cols, padded)?);
    let [out, dx] = [(); 2].map(|()| Matrix::zeros(ctx, x.rows(), cols));
    let (out, dx) = (out?, dx?);
    let mut rec = Recorder::new(ctx);
    cut.record_forward(&mut rec, &x, &out)?;
    cut.record_backward(&mut rec, &out, &dout, &dx)?;
    rec.run()?;
    Ok([out.to_vec(ctx)?, dx.to_vec(ctx)?])
}

fn crossed(x: &[f32], threshold: f32) -> (Vec<f32>, Vec<f32>) {
    let crosses = |value: f32| value.abs() >= threshold && value != 0.0;
    let out = x.iter().map(|&value| if crosses(value) { value } else { 0.0 }).collect();
    let gradient = values(99, x.len());
    (out, gradient.iter().zip(x).map(|(&grad, &value)| if crosses(value) { grad } else { 0.0 }).collect())
}

/// The size that so many of the values reach.
fn reached(x: &[f32], count: usize) -> f32 {
    let mut sizes: Vec<f32> = x.iter().map(|value| value.abs()).collect();
    sizes.sort_by(|a, b| b.total_cmp(a));
    sizes[count - 1]
}

#[test]
fn the_largest_cross_by_a_threshold_that_is_kept() {
    for ctx in contexts() {
        for (rows, cols, padded) in [(1, 1, false), (7, 30, true), (64, 32, false), (5, 6, true)] {
            let mut cut = Cut::new(&ctx, 0.25).unwrap().warm_up(2).lifespan(3);
            let mut threshold = 0.0;
            for number in 0..9u64 {
                let x = values(number, rows * cols);
                let [out, dx] = step(&ctx, &mut cut, &x, cols, padded).unwrap();
                if number < 2 {
                    assert_eq!((out, dx), (x.clone(), values(99, x.len())), "everything at first");
                    continue;
                }
                if (number - 2) % 3 == 0 {
                    threshold = reached(&x, (x.len() / 4).max(1));
                }
                assert_eq!((out, dx), crossed(&x, threshold), "step {number} of {rows} x {cols}");
            }
            // outside of training nothing is chosen
            let x = values(50, rows * cols);
            let (from, out) =
                (matrix(&ctx, &x, cols, padded).unwrap(), Matrix::zeros(&ctx, rows, cols).unwrap());
            let mut rec = Recorder::new(&ctx);
            cut.record_inference(&mut rec, &from, &out).unwrap();
            rec.run().unwrap();
            assert_eq!(out.to_vec(&ctx).unwrap(), crossed(&x, threshold).0);
        }
    }
}

/// Rows of a larger matrix, which begin anywhere; and batches without rows, by which nothing can be chosen.
#[test]
fn any_rows_may_be_chosen_by() {
    for ctx in contexts() {
        let mut cut = Cut::new(&ctx, 0.3).unwrap().lifespan(5);
        let whole = matrix(&ctx, &values(1, 11 * 6), 6, false).unwrap();
        let cross = |cut: &mut Cut, rows: std::ops::Range<usize>| {
            let x = whole.row_range(rows.start, rows.len()).unwrap();
            let out = Matrix::zeros(&ctx, rows.len(), 6).unwrap();
            let mut rec = Recorder::new(&ctx);
            cut.record_forward(&mut rec, &x, &out).unwrap();
            rec.run().unwrap();
            (x.to_vec(&ctx).unwrap(), out.to_vec(&ctx).unwrap())
        };
        cross(&mut cut, 0..0);
        let (x, out) = cross(&mut cut, 1..11);
        let threshold = reached(&x, 18);
        assert_eq!(out, crossed(&x, threshold).0);
        let (x, out) = cross(&mut cut, 3..4);
        assert_eq!(out, crossed(&x, threshold).0);
    }
}

#[test]
fn a_cut_goes_on_from_a_checkpoint() {
    let ctx = Context::cpu();
    let new = || Cut::new(&ctx, 0.1).unwrap().warm_up(1).lifespan(4);
    let mut cut = new();
    for number in 0..3 {
        step(&ctx, &mut cut, &values(number, 200), 20, false).unwrap();
    }
    let mut saved = Checkpoint::new();
    cut.export(&mut saved, "cut").unwrap();
    let mut other = new();
    other.import(&saved, "cut").unwrap();
    for number in 3..9 {
        let x = values(number, 200);
        let expected = step(&ctx, &mut cut, &x, 20, false).unwrap();
        assert_eq!(step(&ctx, &mut other, &x, 20, false).unwrap(), expected, "step {number}");
    }
    let error = new().import(&saved, "other").unwrap_err().to_string();
    assert!(error.contains("metadata \"other.steps\": expected an entry, got none"), "{error}");
}

#[test]
fn shares_and_shapes_that_cannot_be_are_refused() {
    let ctx = Context::cpu();
    for share in [0.0, -0.5, 1.01, f32::NAN] {
        let error = Cut::new(&ctx, share).unwrap_err().to_string();
        assert_eq!(error, format!("share: expected a share above 0, of at most 1, got {share}"));
    }
    let mut cut = Cut::new(&ctx, 0.5).unwrap();
    let [x, narrow] = [4, 3].map(|cols| Matrix::zeros(&ctx, 2, cols).unwrap());
    let mut rec = Recorder::new(&ctx);
    let error = cut.record_forward(&mut rec, &x, &narrow).unwrap_err().to_string();
    assert!(error.starts_with("out: expected "), "{error}");
    let error = cut.record_backward(&mut rec, &x, &narrow, &x).unwrap_err().to_string();
    assert!(error.contains("expected"), "{error}");
}
