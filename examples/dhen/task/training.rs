//! One training.

use embag::dense::{Dhen, record_bce_with_logits};
use embag::metrics::normalized_entropy_from_logits;
use embag::{Context, Matrix, Recorder, Result};

use super::planted::{COLS, Examples};
use crate::data::random::{generator, shuffle};

pub const BATCH: usize = 256;
pub const EPOCHS: u64 = 4;
/// Streams of a seed from this one on decide the order of the examples.
const ORDERS: u64 = 100;

/// Trains, and returns the normalised entropy of the test after every epoch.
pub fn train(
    ctx: &Context,
    net: &mut Dhen,
    train: &Examples,
    test: &Examples,
    seed: u64,
) -> Result<Vec<f64>> {
    let mut entropies = Vec::new();
    for epoch in 0..EPOCHS {
        let mut order: Vec<usize> = (0..train.labels.len()).collect();
        shuffle(&mut order, &mut generator(seed, ORDERS + epoch));
        let x: Vec<f32> = order.iter().flat_map(|&i| &train.x[i * COLS..][..COLS]).copied().collect();
        let labels: Vec<f32> = order.iter().map(|&i| train.labels[i]).collect();
        let x = Matrix::from_slice(ctx, &x, labels.len(), COLS)?;
        let labels = Matrix::from_slice(ctx, &labels, labels.len(), 1)?;
        let [logits, losses, grads] = [(); 3].map(|()| Matrix::zeros(ctx, BATCH, 1));
        let (logits, losses, grads) = (logits?, losses?, grads?);
        for (x, labels) in batches(&x, &labels)? {
            let part = |matrix: &Matrix| matrix.row_range(0, x.rows());
            let (logits, losses, grads) = (part(&logits)?, part(&losses)?, part(&grads)?);
            let mut rec = Recorder::new(ctx);
            net.record_forward(&mut rec, &x, &logits)?;
            record_bce_with_logits(&mut rec, &logits, &labels, &losses, &grads)?;
            net.record_backward(&mut rec, &x, &logits, &grads, None)?;
            net.record_step(&mut rec)?;
            rec.run()?;
        }
        entropies.push(entropy(ctx, net, test)?);
    }
    Ok(entropies)
}

/// The normalised entropy of a test.
fn entropy(ctx: &Context, net: &Dhen, test: &Examples) -> Result<f64> {
    let count = test.labels.len();
    let x = Matrix::from_slice(ctx, &test.x, count, COLS)?;
    let logits = Matrix::zeros(ctx, count, 1)?;
    let mut rec = Recorder::new(ctx);
    for (x, logits) in batches(&x, &logits)? {
        net.record_forward(&mut rec, &x, &logits)?;
    }
    rec.run()?;
    normalized_entropy_from_logits(&logits.to_vec(ctx)?, &test.labels)
}

/// The rows of both, a batch at a time.
fn batches(a: &Matrix, b: &Matrix) -> Result<Vec<(Matrix, Matrix)>> {
    let starts = (0..a.rows()).step_by(BATCH);
    let part = |matrix: &Matrix, first: usize| matrix.row_range(first, BATCH.min(a.rows() - first));
    starts.map(|first| Ok((part(a, first)?, part(b, first)?))).collect()
}
