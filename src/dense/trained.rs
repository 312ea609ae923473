//! What layers with parameters have in common: steps of the optimizer, and what checkpoints hold.

use super::optimizer::{DenseOptimizer, Progress};
use super::parameter::{NamedTensor, Parameter};
use crate::device::Counter;
use crate::{Context, Error, Matrix, Recorder, Result};

/// Name of the number of steps among the tensors of a checkpoint.
pub(super) const STEPS: &str = "steps";

/// The optimizer of a layer, and how far it is.
#[derive(Debug)]
pub(super) struct Training {
    pub(super) optimizer: DenseOptimizer,
    /// The optimizer's learning rate, as submissions read it.
    rate: Counter<f32>,
    pub(super) progress: Counter<Progress>,
}

impl Training {
    /// Before the first step.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] for senseless hyper-parameters.
    pub(super) fn new(optimizer: &DenseOptimizer) -> Result<Self> {
        optimizer.validate()?;
        let (rate, progress) = (Counter::new(optimizer.lr()), Counter::new(Progress::START));
        Ok(Self { optimizer: *optimizer, rate, progress })
    }

    /// Sets the learning rate of the steps that are submitted from now on.
    pub(super) fn set_lr(&mut self, lr: f32) -> Result<()> {
        let optimizer = self.optimizer.with_lr(lr);
        optimizer.validate()?;
        self.rate.set(lr);
        self.optimizer = optimizer;
        Ok(())
    }
}

/// A layer whose parameters an optimizer trains.
pub(super) trait Trained {
    /// The parameters, in the order of their names in a checkpoint.
    fn all(&self) -> Vec<&Parameter>;

    fn training(&self) -> &Training;

    fn training_mut(&mut self) -> &mut Training;

    /// An empty batch has gradients too: zeros.
    fn clear_gradients(&self, rec: &mut Recorder) {
        self.all().into_iter().for_each(|parameter| rec.clear(parameter.grad.buffer()));
    }

    /// Records one step of the optimizer, or nothing.
    fn step_parameters(&self, rec: &mut Recorder) -> Result<()> {
        let Training { optimizer, rate, progress } = self.training();
        let optimizer = *optimizer;
        rec.whole(|rec| {
            let rate = rec.read_late(rate);
            let progress = rec.advance(progress, move |progress| Ok(progress.next(&optimizer)));
            self.all().into_iter().try_for_each(|parameter| parameter.step(rec, &optimizer, &rate, &progress))
        })
    }

    fn export_with(&self, ctx: &Context, prefix: &str) -> Result<Vec<NamedTensor>> {
        let mut all = Vec::new();
        for parameter in self.all() {
            all.extend(parameter.export(ctx, prefix)?);
        }
        all.push(NamedTensor {
            name: format!("{prefix}{STEPS}"),
            shape: vec![1],
            // exact up to 2^24, where bias corrections are long gone
            values: vec![self.training().progress.get().steps as f32],
        });
        Ok(all)
    }

    /// Names and shapes of what [`Trained::export_with`] gives.
    fn named_shapes(&self, prefix: &str) -> Vec<(String, Vec<usize>)> {
        let parameters = self.all().into_iter();
        let mut all: Vec<_> = parameters.flat_map(|parameter| parameter.named_shapes(prefix)).collect();
        all.push((format!("{prefix}{STEPS}"), vec![1]));
        all
    }

    /// What [`Trained::take`] takes up; an error if something is missing or has the wrong shape.
    fn matched<'a>(&self, tensors: &'a [NamedTensor], prefix: &str) -> Result<Import<'a>> {
        let mut values = Vec::new();
        for parameter in self.all() {
            values.extend(parameter.matched(tensors, prefix)?);
        }
        let name = format!("{prefix}{STEPS}");
        let steps = NamedTensor::find(tensors, &name, &[1])?.values[0];
        if !(steps >= 0.0 && steps.fract() == 0.0) {
            return Err(Error::invalid(name, "a number of steps", steps));
        }
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "checked")]
        let steps = steps as u64;
        Ok(Import { values, steps })
    }

    fn take(&self, ctx: &Context, import: Import<'_>) -> Result<()> {
        for (matrix, values) in import.values {
            matrix.write(ctx, values)?;
        }
        let training = self.training();
        let progress = Progress::after(import.steps, &training.optimizer);
        training.progress.change(ctx, |_| progress);
        Ok(())
    }
}

/// A checkpoint of one layer, found to fit.
#[derive(Debug)]
pub(super) struct Import<'a> {
    values: Vec<(Matrix, &'a [f32])>,
    steps: u64,
}
