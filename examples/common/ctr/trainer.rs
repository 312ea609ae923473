//! Training: epochs of steps, a test after each, and the checkpoints between them.

use std::collections::VecDeque;
use std::num::NonZeroUsize;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::sync_channel;
use std::thread;
use std::time::Instant;

use embag::metrics::{auc, log_loss_from_logits, normalized_entropy};
use embag::{Checkpoint, Context, Matrix, Profile, Readback, Recorder};

use super::error::TrainError;
use super::losses::Losses;
use super::model::{Batch, Model};
use super::report::{EpochReport, Progress};
use super::settings::Settings;
use super::tables::Tables;
use crate::data::{Batches, Dataset, Examples};

/// Batches that are made before they are needed.
const AHEAD: usize = 4;
/// Examples of a test batch, or as many as a training batch has if these are more.
const TEST_BATCH: NonZeroUsize = NonZeroUsize::new(2048).unwrap();
/// Test batches under way.
const TEST_AHEAD: usize = 2;

/// A model, its data and how far it has come.
pub struct Trainer<'a, T> {
    ctx: Context,
    data: &'a dyn Dataset,
    settings: Settings,
    model: Model<T>,
    stop: &'a AtomicBool,
    /// Steps taken, in all epochs.
    steps: u64,
    /// The epochs so far, a resumed checkpoint's included.
    reports: Vec<EpochReport>,
    /// Examples of the last epoch.
    trained: usize,
    tested: usize,
    /// What the kernels of all steps took, if that is asked for.
    profile: Option<Profile>,
}

impl<'a, T: Tables> Trainer<'a, T> {
    /// A new model on a device. `stop` ends an epoch at the next step.
    pub fn new(
        ctx: &Context,
        data: &'a dyn Dataset,
        settings: Settings,
        tables: T,
        stop: &'a AtomicBool,
    ) -> Result<Self, TrainError> {
        let max_batch = tables.part().most(settings.batch.max(TEST_BATCH));
        Ok(Self {
            ctx: ctx.clone(),
            data,
            model: Model::new(ctx, data.schema(), &settings, max_batch, tables)?,
            settings,
            stop,
            steps: 0,
            reports: Vec::new(),
            trained: 0,
            tested: 0,
            profile: None,
        })
    }

    /// Measures from now on what the kernels of training steps take.
    pub fn measure_kernels(&mut self) {
        self.profile = Some(Profile::default());
    }

    /// What they took, if it was measured.
    pub const fn profile(&self) -> Option<&Profile> {
        self.profile.as_ref()
    }

    /// Takes up where a checkpoint left, which was read from `path`.
    pub fn resume(&mut self, saved: &Checkpoint, path: &Path) -> Result<(), TrainError> {
        let (steps, reports) = (saved.json("steps")?, saved.json("reports")?);
        self.model.load(saved, path, &self.settings)?;
        (self.steps, self.reports) = (steps, reports);
        Ok(())
    }

    /// Writes everything that [`Self::resume`] needs.
    pub fn save(&mut self, path: &Path) -> Result<(), TrainError> {
        let mut checkpoint = Checkpoint::new();
        checkpoint.set_json("settings", &self.settings)?;
        checkpoint.set_json("data", self.data.state())?;
        checkpoint.set_json("steps", &self.steps)?;
        checkpoint.set_json("reports", &self.reports)?;
        Ok(self.model.save(checkpoint, path)?)
    }

    /// The epochs so far.
    pub fn reports(&self) -> &[EpochReport] {
        &self.reports
    }

    /// Training and test examples of the last epoch of this run.
    pub fn examples(&self) -> (usize, usize) {
        (self.trained, self.tested)
    }

    /// The bytes of all embedding tables, and of their optimizer's state.
    pub fn embedding_bytes(&self) -> Result<(u64, u64), TrainError> {
        Ok(self.model.tables().memory()?)
    }

    /// The tables.
    pub const fn tables(&self) -> &T {
        self.model.tables()
    }

    /// Columns of an embedding.
    pub const fn dim(&self) -> usize {
        self.settings.dim.get()
    }

    /// Trains for the next epoch and tests.
    pub fn epoch(&mut self) -> Result<EpochReport, TrainError> {
        let epoch = self.reports.len() + 1;
        let start = Instant::now();
        let (train_loss, trained) = self.train(epoch)?;
        let seconds = start.elapsed().as_secs_f64();
        self.trained = trained;
        let (logits, labels) = self.test(epoch)?;
        // the last steps may have spoilt what the mean loss still does not show
        if !train_loss.is_finite() && trained > 0 || logits.iter().any(|logit| !logit.is_finite()) {
            return Err(TrainError::Diverged { epoch, lr: self.settings.lr });
        }
        self.tested = labels.len();
        let (logloss, auc, ne) = metrics(&logits, &labels)?;
        let examples_per_s = trained as f64 / seconds;
        let report = EpochReport { epoch, train_loss, logloss, auc, ne, seconds, examples_per_s };
        self.reports.push(report);
        Ok(report)
    }

    /// One pass over the training data: the mean loss, and the number of examples, of all ranks.
    fn train(&mut self, epoch: usize) -> Result<(f64, usize), TrainError> {
        let (data, ctx, part) = (self.data, self.ctx.clone(), self.model.tables().part());
        let batches = data.train_part(self.settings.seed, epoch as u64, self.settings.batch, part);
        let progress = Progress::new(&format!("epoch {epoch}"), data.train_len(), part.is_first());
        let mut losses = Losses::new(&ctx, part.most(self.settings.batch))?;
        let mut trained = 0;
        ahead(data, batches, &mut self.model, self.stop, |model, batch, _| {
            let rows = batch.len();
            let mut rec = Recorder::new(&ctx);
            let examples = model.record_step(&mut rec, &batch, &losses.next(rows)?)?;
            losses.recorded(&mut rec, rows)?;
            match &mut self.profile {
                Some(profile) => *profile += rec.profile()?,
                // host batches were checked before: an error of the device shows when losses are read
                None => drop(rec.submit()?),
            }
            self.steps += 1;
            model.tables_mut().stepped(self.steps)?;
            trained += examples;
            progress.add(examples);
            Ok(())
        })?;
        self.model.tables_mut().settle(self.steps)?;
        let sums = self.model.tables().gather(vec![losses.sum(&ctx)?])?;
        Ok((sums.into_iter().sum::<f64>() / trained as f64, trained))
    }

    /// The log odds and the labels of all test examples.
    fn test(&mut self, epoch: usize) -> Result<(Vec<f32>, Vec<f32>), TrainError> {
        let part = self.model.tables().part();
        let batches = self.data.test_part(self.settings.batch.max(TEST_BATCH), part);
        let progress = Progress::new(&format!("test {epoch}"), self.data.test_len(), part.is_first());
        let (mut logits, mut labels) = (Vec::new(), Vec::new());
        let mut reading: VecDeque<Readback<f32>> = VecDeque::new();
        ahead(self.data, batches, &mut self.model, self.stop, |model, batch, examples| {
            let out = Matrix::zeros(&self.ctx, batch.len(), 1)?;
            let mut rec = Recorder::new(&self.ctx);
            progress.add(model.record_forward(&mut rec, &batch, &out)?);
            reading.push_back(rec.readback(out.buffer()));
            drop(rec.submit()?); // its readback is waited for
            if reading.len() > TEST_AHEAD
                && let Some(first) = reading.pop_front()
            {
                logits.extend(first.wait()?);
            }
            labels.extend(&examples.labels);
            Ok(())
        })?;
        for rest in reading {
            logits.extend(rest.wait()?);
        }
        let tables = self.model.tables();
        Ok((tables.gather(logits)?, tables.gather(labels)?))
    }
}

/// Reads, checks and uploads batches on a thread of their own, and calls `each` with them here, in order,
/// until all ranks have come to their end, or one is to stop.
fn ahead<T: Tables>(
    data: &dyn Dataset,
    batches: Batches<'_>,
    model: &mut Model<T>,
    stop: &AtomicBool,
    mut each: impl FnMut(&mut Model<T>, Batch, Examples) -> Result<(), TrainError>,
) -> Result<(), TrainError> {
    let loader = &model.loader();
    let load = |examples: Examples| Ok::<_, TrainError>((loader.load(&examples)?, examples));
    thread::scope(|scope| {
        let (sender, receiver) = sync_channel(AHEAD);
        scope.spawn(move || {
            for examples in batches {
                let loaded = examples.map_err(TrainError::from).and_then(load);
                let failed = loaded.is_err();
                // the receiver is gone if training has failed or was stopped
                if sender.send(loaded).is_err() || failed {
                    return;
                }
            }
        });
        let mut loaded = receiver.into_iter();
        loop {
            let next = loaded.next().transpose()?;
            let [stopped, more] = model.tables().any([stop.load(Ordering::Relaxed), next.is_some()])?;
            if stopped {
                return Err(TrainError::Stopped);
            }
            if !more {
                return Ok(());
            }
            // others may have more
            let (batch, examples) = next.map_or_else(|| load(Examples::empty(data.schema())), Ok)?;
            each(model, batch, examples)?;
        }
    })
}

/// Log loss, AUC and normalised entropy; NaN where the labels do not define them.
fn metrics(logits: &[f32], labels: &[f32]) -> Result<(f64, f64, f64), TrainError> {
    if labels.is_empty() {
        return Ok((f64::NAN, f64::NAN, f64::NAN));
    }
    let logloss = log_loss_from_logits(logits, labels)?;
    let clicks = labels.iter().filter(|&&label| label > 0.5).count();
    if clicks == 0 || clicks == labels.len() {
        return Ok((logloss, f64::NAN, f64::NAN));
    }
    let probabilities: Vec<f32> = logits.iter().map(|logit| 1.0 / (1.0 + (-logit).exp())).collect();
    Ok((logloss, auc(logits, labels)?, normalized_entropy(&probabilities, labels)?))
}
