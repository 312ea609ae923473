//! Training: epochs of steps, a test after each, and the checkpoints between them.

use std::collections::VecDeque;
use std::num::NonZeroUsize;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::sync_channel;
use std::thread;
use std::time::Instant;

use embag::metrics::{auc, log_loss_from_logits, normalized_entropy};
use embag::{Checkpoint, Context, Embeddings, Matrix, Profile, Readback, Recorder};

use crate::args::Settings;
use crate::chunked_report::ChunkedReport;
use crate::data::{Batches, Dataset, Examples};
use crate::error::RunError;
use crate::losses::Losses;
use crate::model::{Batch, Loader, Model};
use crate::report::{EpochReport, Progress};
use crate::upkeep::{Kept, Upkeep};

/// Batches that are made before they are needed.
const AHEAD: usize = 4;
/// Examples of a test batch, or as many as a training batch has if these are more.
const TEST_BATCH: NonZeroUsize = NonZeroUsize::new(2048).unwrap();
/// Test batches under way.
const TEST_AHEAD: usize = 2;

/// A model, its data and how far it has come.
pub struct Trainer<'a, E, U> {
    ctx: Context,
    data: &'a dyn Dataset,
    settings: Settings,
    model: Model<E>,
    upkeep: U,
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

impl<'a, E: Embeddings, U: Upkeep<E>> Trainer<'a, E, U> {
    /// A new model on a device. `stop` ends an epoch at the next step.
    pub fn new(
        ctx: &Context,
        data: &'a dyn Dataset,
        settings: Settings,
        (embeddings, upkeep): (E, U),
        stop: &'a AtomicBool,
    ) -> Result<Self, RunError> {
        let max_batch = settings.batch.max(TEST_BATCH).get();
        Ok(Self {
            ctx: ctx.clone(),
            data,
            model: Model::new(ctx, data.schema(), &settings, max_batch, embeddings)?,
            settings,
            upkeep,
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

    /// Takes up where a checkpoint left.
    pub fn resume(&mut self, checkpoint: &Checkpoint) -> Result<(), RunError> {
        let (steps, reports) = (checkpoint.json("steps")?, checkpoint.json("reports")?);
        self.model.import(checkpoint, &self.settings)?;
        (self.steps, self.reports) = (steps, reports);
        Ok(())
    }

    /// Writes everything that [`Self::resume`] needs.
    pub fn save(&mut self, path: &Path) -> Result<(), RunError> {
        let mut checkpoint = Checkpoint::new();
        checkpoint.set_json("settings", &self.settings)?;
        checkpoint.set_json("data", self.data.state())?;
        checkpoint.set_json("steps", &self.steps)?;
        checkpoint.set_json("reports", &self.reports)?;
        self.model.export(&mut checkpoint)?;
        Ok(checkpoint.save(path)?)
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
    pub fn embedding_bytes(&self) -> (u64, u64) {
        self.model.embeddings().memory()
    }

    /// What is to be said of chunks, if there are any.
    pub fn chunks(&self) -> Result<Option<ChunkedReport>, RunError> {
        Ok(self.upkeep.report(self.model.embeddings())?)
    }

    /// Columns of an embedding.
    pub const fn dim(&self) -> usize {
        self.settings.dim.get()
    }

    /// Occurrences and columns of the ids, if they were counted.
    pub fn kept(&self) -> Result<Vec<Kept>, RunError> {
        Ok(self.upkeep.kept(self.model.embeddings())?)
    }

    /// Trains for the next epoch and tests.
    pub fn epoch(&mut self) -> Result<EpochReport, RunError> {
        let epoch = self.reports.len() + 1;
        let start = Instant::now();
        let (train_loss, trained) = self.train(epoch)?;
        let seconds = start.elapsed().as_secs_f64();
        self.trained = trained;
        let (logits, labels) = self.test(epoch)?;
        // the last steps may have spoilt what the mean loss still does not show
        if !train_loss.is_finite() && trained > 0 || logits.iter().any(|logit| !logit.is_finite()) {
            return Err(RunError::Diverged { epoch, lr: self.settings.lr });
        }
        self.tested = labels.len();
        let (logloss, auc, ne) = metrics(&logits, &labels)?;
        let examples_per_s = trained as f64 / seconds;
        let report = EpochReport { epoch, train_loss, logloss, auc, ne, seconds, examples_per_s };
        self.reports.push(report);
        Ok(report)
    }

    /// One pass over the training data: the mean loss, and the number of examples.
    fn train(&mut self, epoch: usize) -> Result<(f64, usize), RunError> {
        let (data, ctx, stop) = (self.data, self.ctx.clone(), self.stop);
        let batches = data.train(self.settings.seed, epoch as u64, self.settings.batch);
        let progress = Progress::new(&format!("epoch {epoch}"), data.train_len());
        let mut losses = Losses::new(&ctx, self.settings.batch.get())?;
        ahead(batches, &self.model.loader(), stop, |batch, _| {
            let rows = batch.len();
            self.upkeep.before(self.model.embeddings_mut(), &batch.ids)?;
            let mut rec = Recorder::new(&ctx);
            self.model.record_step(&mut rec, &batch, &losses.next(rows)?)?;
            losses.recorded(&mut rec, rows)?;
            match &mut self.profile {
                Some(profile) => *profile += rec.profile()?,
                // host batches were checked before: an error of the device shows when losses are read
                None => drop(rec.submit()?),
            }
            self.steps += 1;
            self.upkeep.stepped(self.model.embeddings_mut(), self.steps)?;
            progress.add(rows);
            Ok(())
        })?;
        self.upkeep.settle(self.model.embeddings_mut(), self.steps)?;
        let trained = losses.count();
        Ok((losses.mean(&ctx)?, trained))
    }

    /// The log odds and the labels of all test examples.
    fn test(&mut self, epoch: usize) -> Result<(Vec<f32>, Vec<f32>), RunError> {
        let batches = self.data.test(self.settings.batch.max(TEST_BATCH));
        let progress = Progress::new(&format!("test {epoch}"), self.data.test_len());
        let (mut logits, mut labels) = (Vec::new(), Vec::new());
        let mut reading: VecDeque<Readback<f32>> = VecDeque::new();
        ahead(batches, &self.model.loader(), self.stop, |batch, examples| {
            let out = Matrix::zeros(&self.ctx, batch.len(), 1)?;
            let mut rec = Recorder::new(&self.ctx);
            self.model.record_forward(&mut rec, &batch, &out)?;
            reading.push_back(rec.readback(out.buffer()));
            drop(rec.submit()?); // its readback is waited for
            if reading.len() > TEST_AHEAD
                && let Some(first) = reading.pop_front()
            {
                logits.extend(first.wait()?);
            }
            labels.extend(&examples.labels);
            progress.add(batch.len());
            Ok(())
        })?;
        for rest in reading {
            logits.extend(rest.wait()?);
        }
        Ok((logits, labels))
    }
}

/// Reads, checks and uploads batches on a thread of their own, and calls `each` with them here, in order.
fn ahead(
    batches: Batches<'_>,
    loader: &Loader,
    stop: &AtomicBool,
    mut each: impl FnMut(Batch, Examples) -> Result<(), RunError>,
) -> Result<(), RunError> {
    thread::scope(|scope| {
        let (sender, receiver) = sync_channel(AHEAD);
        scope.spawn(move || {
            for examples in batches {
                let loaded = examples.map_err(RunError::from).and_then(|examples| {
                    let batch = loader.load(&examples)?;
                    Ok((batch, examples))
                });
                let failed = loaded.is_err();
                // the receiver is gone if training has failed or was stopped
                if sender.send(loaded).is_err() || failed {
                    return;
                }
            }
        });
        for loaded in receiver {
            if stop.load(Ordering::Relaxed) {
                return Err(RunError::Stopped);
            }
            let (batch, examples) = loaded?;
            each(batch, examples)?;
        }
        Ok(())
    })
}

/// Log loss, AUC and normalised entropy; NaN where the labels do not define them.
fn metrics(logits: &[f32], labels: &[f32]) -> Result<(f64, f64, f64), RunError> {
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
