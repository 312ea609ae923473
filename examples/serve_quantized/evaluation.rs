//! Test examples, and what a model says of them.

use std::num::NonZeroUsize;

use embag::quant::accuracy::PairedNe;
use embag::{Matrix, Recorder, Result};

use crate::data::{DataError, Dataset, Examples};
use crate::error::RunError;
use crate::served::Served;

/// Examples of a batch.
pub const BATCH: NonZeroUsize = NonZeroUsize::new(2048).unwrap();

/// Requests that are held in memory and come again and again.
const REQUESTS: usize = 256;

/// The test examples in two halves: formats are chosen on one, and what they cost is reported on the other.
#[derive(Debug)]
pub struct TestSet {
    pub chosen_on: Vec<Examples>,
    pub held_out: Vec<Examples>,
}

impl TestSet {
    /// Reads all test examples; batches go to either half in turn.
    pub fn read(data: &dyn Dataset) -> Result<Self, RunError> {
        let len = match data.test_len() {
            Some(len) => len,
            None => data.test(BATCH).map(|examples| Ok(examples?.len())).sum::<Result<_, DataError>>()?,
        };
        if len < 2 {
            let expected = "at least two test examples, one for each half";
            return Err(DataError::argument("--test", expected, len.to_string()).into());
        }
        // small enough that both halves have some
        let batch = NonZeroUsize::new(len / 8).unwrap_or(NonZeroUsize::MIN).min(BATCH);
        let (mut chosen_on, mut held_out) = (Vec::new(), Vec::new());
        for (k, examples) in data.test(batch).enumerate() {
            if k % 2 == 0 { &mut chosen_on } else { &mut held_out }.push(examples?);
        }
        Ok(Self { chosen_on, held_out })
    }

    /// The first test examples in batches of another size, at most [`REQUESTS`] of them.
    pub fn requests(data: &dyn Dataset, batch: NonZeroUsize) -> Result<Vec<Examples>, RunError> {
        data.test(batch).take(REQUESTS).map(|examples| examples.map_err(RunError::from)).collect()
    }
}

/// The log odds of all examples.
pub fn logits(model: &Served, batches: &[Examples]) -> Result<Vec<f32>> {
    let mut all = Vec::new();
    for examples in batches {
        all.extend(logits_of(model, examples)?);
    }
    Ok(all)
}

/// The log odds of a batch.
pub fn logits_of(model: &Served, examples: &Examples) -> Result<Vec<f32>> {
    let ctx = model.context();
    let batch = model.batch(examples)?;
    let out = Matrix::zeros(ctx, examples.len(), 1)?;
    let mut rec = Recorder::new(ctx);
    model.record_forward(&mut rec, &batch, &out)?;
    let read = rec.readback(out.buffer());
    drop(rec.submit()?); // its readback is waited for
    read.wait()
}

/// The labels of all examples.
pub fn labels(batches: &[Examples]) -> Vec<f32> {
    batches.iter().flat_map(|examples| &examples.labels).copied().collect()
}

/// The losses of two models on the same examples.
pub fn difference(reference: &Served, other: &Served, batches: &[Examples]) -> Result<PairedNe> {
    let mut pair = PairedNe::default();
    pair.add_logits(&logits(reference, batches)?, &logits(other, batches)?, &labels(batches))?;
    Ok(pair)
}
