//! Tables as a module: what all kinds do.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use burn::module::{Flag, Param, ParamId};
use burn::tensor::{Device, Tensor};
use embag::bag::Batches;
use embag::{Matrix, Result, Submission};

use crate::backward::{Lookup, track};
use crate::kind::Kind;
use crate::memory::{Held, Memory, invalid};
use crate::stamp::Stamp;

/// Tables of embag as a module of a burn model. Clones share the tables. See [the crate](crate).
#[derive(Debug)]
pub struct Tables<T: Kind> {
    pub(crate) shared: Arc<Shared<T>>,
    pub(crate) device: Device,
    /// Whether outputs are tracked, where the device is one with autodiff.
    pub(crate) active: Param<Flag>,
    /// The record that was loaded, while the tables are not those of its steps.
    pub(crate) awaited: Arc<Mutex<Option<Stamp>>>,
    /// What the record's number of steps is known by.
    pub(crate) stamp: ParamId,
}

impl<T: Kind> Clone for Tables<T> {
    fn clone(&self) -> Self {
        let Self { shared, device, active, awaited, stamp } = self;
        Self {
            shared: shared.clone(),
            device: device.clone(),
            active: active.clone(),
            awaited: awaited.clone(),
            stamp: *stamp,
        }
    }
}

/// What clones share. No lock is held while burn is called.
#[derive(Debug)]
pub(crate) struct Shared<T: Kind> {
    tables: Mutex<T>,
    pub(crate) memory: Memory,
    kept: Mutex<Kept<T>>,
    /// Work whose errors are not known yet.
    pending: Mutex<Vec<Submission>>,
}

/// What waits for a step.
#[derive(Debug)]
struct Kept<T: Kind> {
    gradients: Vec<Given<T>>,
    /// How many may wait when something new is looked up.
    most: usize,
    /// What went wrong in a backward pass, which has no way to say so.
    failed: Option<embag::Error>,
}

/// A gradient of outputs.
#[derive(Debug)]
pub(crate) struct Given<T: Kind> {
    pub(crate) batch: T::Batch,
    pub(crate) gradient: Tensor<2>,
    #[expect(dead_code, reason = "keeps the batch's weights, where they are memory of burn")]
    pub(crate) weights: Option<Arc<Held>>,
}

pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl<T: Kind> Shared<T> {
    pub(crate) fn with<R>(&self, work: impl FnOnce(&mut T) -> R) -> R {
        work(&mut lock(&self.tables))
    }

    /// Called in a backward pass.
    pub(crate) fn keep(&self, given: Given<T>) {
        lock(&self.kept).gradients.push(given);
    }

    /// Called in a backward pass.
    pub(crate) fn fail(&self, error: embag::Error) {
        lock(&self.kept).failed.get_or_insert(error);
    }

    /// What waited.
    pub(crate) fn taken(&self) -> Result<Vec<Given<T>>> {
        let (gradients, failed) = {
            let mut kept = lock(&self.kept);
            (std::mem::take(&mut kept.gradients), kept.failed.take())
        };
        failed.map_or(Ok(gradients), Err)
    }

    pub(crate) fn let_wait(&self, gradients: usize) {
        lock(&self.kept).most = gradients.max(1);
    }

    /// Work of which errors may still come.
    pub(crate) fn pend(&self, work: Option<Submission>) {
        lock(&self.pending).extend(work);
    }

    /// The errors of work that is done; does not wait.
    pub(crate) fn check_pending(&self) -> Result<()> {
        let mut first = Ok(());
        lock(&self.pending).retain(|work| match work.poll() {
            Ok(done) => !done,
            Err(error) => {
                if first.is_ok() {
                    first = Err(error);
                }
                false
            }
        });
        first
    }

    /// An error if the rows are no more those of this step.
    pub(crate) fn check_step(&self, step: u32) -> Result<()> {
        let now = self.with(|tables| tables.last_step());
        if now == step {
            return Ok(());
        }
        let expected = format!("the rows of step {step}, by which weights get their gradient");
        Err(invalid("backward", expected, format!("those of step {now}: `step` came in between")))
    }

    fn check_training(&self) -> Result<()> {
        let kept = lock(&self.kept);
        if kept.gradients.len() < kept.most {
            return Ok(());
        }
        let most = kept.most;
        let expected = format!(
            "fewer than {most} gradients that wait (call `step` or `discard`, or let more `accumulate`)"
        );
        Err(invalid("forward", expected, kept.gradients.len()))
    }
}

impl<T: Kind> Tables<T> {
    /// Tables in the context of burn's device ([`init`](crate::init), [`join`](crate::join)), for tensors of
    /// that device; or tables of a CPU context, for tensors of a device without one. They train if they are
    /// of a kind that does and `device` is an autodiff device.
    ///
    /// # Errors
    /// [`Error::WrongContext`](embag::Error::WrongContext) for tables of another context;
    /// [`Error::InvalidArgument`](embag::Error::InvalidArgument) for a device that is neither Flex nor of
    /// cubecl, or an output precision that burn has no kernels of there.
    pub fn new(tables: T, device: &Device) -> Result<Self> {
        let memory = Memory::new(tables.context(), device, tables.output_precision())?;
        let kept = Kept { gradients: Vec::new(), most: 1, failed: None };
        let shared =
            Shared { tables: Mutex::new(tables), memory, kept: Mutex::new(kept), pending: Mutex::default() };
        Ok(Self {
            shared: Arc::new(shared),
            device: device.clone(),
            active: Param::from_bool(true),
            awaited: Arc::default(),
            stamp: ParamId::new(),
        })
    }

    /// Works with the tables themselves: batches, rows, settings. Nothing of burn may be called in `work`.
    pub fn with<R>(&self, work: impl FnOnce(&mut T) -> R) -> R {
        self.shared.with(work)
    }

    /// Looks all features up: `[examples, columns]`, side by side in the order of the features, in the
    /// tables' output precision. Tracked, if the module is in training.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`](embag::Error::InvalidArgument) if a feature is a sequence or the batch a
    /// variable one, whose outputs are no one matrix; if a record was loaded without its tables; in training,
    /// if gradients wait for a [`step`](Self::step) already. Errors of device batches that were looked up
    /// before come here, too.
    pub fn forward(&self, batch: &T::Batch) -> Result<Tensor<2>> {
        let (out, _) = self.look_up(batch)?;
        if !self.trains() {
            return Ok(out);
        }
        let lookup = Lookup { shared: self.shared.clone(), batch: batch.clone(), weights: None };
        track(lookup, out, &self.device)
    }

    /// Whether outputs are tracked.
    pub(crate) fn trains(&self) -> bool {
        T::TRAINS && self.device.is_autodiff() && self.active.is_enabled()
    }

    /// The outputs, not tracked, and the number of the step that the rows are of.
    pub(crate) fn look_up(&self, batch: &T::Batch) -> Result<(Tensor<2>, u32)> {
        self.check_awaited()?;
        if self.trains() {
            self.shared.check_training()?;
        }
        self.shared.check_pending()?;
        let ((rows, cols), precision) =
            self.with(|tables| (tables.output_shape(batch), tables.output_precision()));
        let mut step = 0;
        // what a bad batch does not write must not be the values of others
        let zeroed = !T::is_checked(batch);
        let (out, work) =
            self.shared.memory.made([rows, cols], precision, zeroed, |rec, buffer, precision| {
                let out = Matrix::new_of(precision, buffer.clone(), rows, cols, cols)?;
                self.with(|tables| {
                    step = tables.last_step();
                    tables.record_forward(rec, batch, &out)
                })
            })?;
        self.shared.pend(work);
        Ok((out, step))
    }

    /// Waits for all lookups and updates so far, for their errors: those of device batches, and of the
    /// device. A bad device batch gives zeros and updates no table; where it must not reach other parameters
    /// either, call this before burn's optimizer.
    ///
    /// # Errors
    /// The first of them.
    pub fn wait(&self) -> Result<()> {
        let pending = std::mem::take(&mut *lock(&self.shared.pending));
        let results: Vec<Result<()>> = pending.into_iter().map(Submission::wait).collect();
        results.into_iter().collect()
    }
}

impl Tables<embag::EmbeddingBags> {
    /// What makes batches, in burn's `Batcher` and its threads.
    #[must_use]
    pub fn batches(&self) -> Batches {
        self.with(|bags| bags.batches())
    }

    /// Lets this many gradients wait for a step, instead of one: as many as lookups come before it. Their sum
    /// is one update.
    #[must_use]
    pub fn accumulate(self, gradients: usize) -> Self {
        self.shared.let_wait(gradients);
        self
    }
}

impl Tables<embag::QuantizedBags> {
    /// What makes batches, in burn's `Batcher` and its threads.
    #[must_use]
    pub fn batches(&self) -> Batches {
        self.with(|bags| bags.batches())
    }
}
