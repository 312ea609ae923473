//! One training: its schedule, and what it comes to.

use std::ops::Range;

use embag::metrics::{auc, log_loss_from_logits};
use embag::{Context, Result};

use crate::method::Method;
use crate::model::{BATCH, Model};
use crate::problem::{Examples, FIELDS, Problem};

/// Steps of a submission at most: what is uploaded for it waits on the device.
const SUBMITTED: usize = 50;

/// How much there is to train.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Size {
    /// Of each field.
    pub ids: u32,
    pub steps: usize,
    /// Examples of the test set.
    pub test: usize,
}

/// Where the numbers that are to be reproduced come from.
pub const WHOLE: Size = Size { ids: 20_000, steps: 4000, test: 100_000 };
/// Nothing but a check that all works.
pub const QUICK: Size = Size { ids: 500, steps: 100, test: 5000 };

impl Size {
    /// Steps from one adjustment to the next.
    pub fn every(self) -> usize {
        self.steps / 20
    }

    /// Steps before the first adjustment.
    pub fn warm_up(self) -> usize {
        self.steps / 10
    }
}

/// What one training came to.
#[derive(Debug, Clone, PartialEq)]
pub struct Outcome {
    pub auc: f64,
    pub log_loss: f64,
    /// Bytes of the vectors at the end.
    pub payload: u64,
    /// Chunks that lost their slot, in all adjustments.
    pub evicted: u64,
    /// The columns of each id of each field at the end, for what is adjusted.
    pub dims: Vec<[u32; FIELDS]>,
}

/// The examples of one seed.
#[derive(Debug)]
pub struct Data {
    pub train: Examples,
    pub test: Examples,
}

impl Data {
    pub fn new(problem: &Problem, size: Size) -> Self {
        Self { train: problem.train(size.steps * BATCH), test: problem.test(size.test) }
    }

    /// The AUC of the log odds that the labels were drawn with: no model has a better one, but by chance.
    pub fn best_auc(&self) -> Result<f64> {
        auc(&self.test.logits, &self.test.labels)
    }

    /// The share of the examples with a click.
    pub fn clicks(&self) -> f64 {
        self.test.labels.iter().copied().map(f64::from).sum::<f64>() / self.test.labels.len() as f64
    }
}

/// Trains and tests. The last adjustment comes after the last step, so that what is tested has lost its
/// share. `tick` is told of steps that were done.
pub fn train(
    ctx: &Context,
    method: Method,
    data: &Data,
    size: Size,
    seed: u64,
    tick: &mut dyn FnMut(usize),
) -> Result<Outcome> {
    let mut model = Model::new(ctx, method, size.ids, seed)?;
    let mut evicted = 0;
    let mut done = 0;
    while done < size.steps {
        let end = done + size.every();
        steps(&mut model, &data.train, done..end, tick)?;
        done = end;
        if method.adjusts() && done >= size.warm_up() {
            evicted += u64::from(model.adjust()?.evicted);
        }
    }
    let logits = model.test(&data.test)?;
    Ok(Outcome {
        auc: auc(&logits, &data.test.labels)?,
        log_loss: log_loss_from_logits(&logits, &data.test.labels)?,
        payload: model.payload()?,
        evicted,
        dims: if method.adjusts() { model.dims(size.ids)? } else { Vec::new() },
    })
}

/// Trains on some steps, a few at a time.
pub fn steps(
    model: &mut Model,
    examples: &Examples,
    range: Range<usize>,
    tick: &mut dyn FnMut(usize),
) -> Result<()> {
    for first in range.clone().step_by(SUBMITTED) {
        let end = range.end.min(first + SUBMITTED);
        model.train(examples, first..end)?;
        tick(end - first);
    }
    Ok(())
}
