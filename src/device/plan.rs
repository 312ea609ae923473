//! A recorded step that is submitted again and again.

use std::sync::Arc;

use super::report::{Report, Submitted};
use super::uploads::Ready;
use super::{Backend, Buffer, Command, Recorder, Submission};
use crate::{Error, Result};

/// Recorded work that is checked and made ready once, by [`Recorder::into_plan`], and submitted as often as
/// wanted.
///
/// A submission settles what depends on the number of the step and on `set_lr` (learning rates, bias
/// corrections, random numbers), uploads parameters by one write, and sets and dispatches; pipelines, bind
/// groups and scratch
/// memory are those of the plan, which keeps the memory as long as it lives. The bits are those of recording
/// the same anew.
///
/// What changes from step to step lies in buffers that are written before a submission
/// ([`Matrix::write`](crate::Matrix::write), or kernels of your own), or are exchanged by [`Plan::set`].
/// Batches may have fewer ids than their buffer where that is
/// [said](crate::DeviceBatch::with_room).
///
/// ```
/// use embag::optim::Sgd;
/// use embag::{Buffer, Context, DeviceBatch, EmbeddingBags, Matrix, Pooling, Recorder, Table};
///
/// let ctx = Context::cpu();
/// let mut bags = EmbeddingBags::builder(&ctx)
///     .table("movie", Table::rows(500).dim(4))
///     .feature("shown", "movie", Pooling::Sum)
///     .optimizer(Sgd::new(0.1))
///     .build()?;
/// let (ids, grad) = (Buffer::from_slice(&ctx, &[3u32, 8])?, Matrix::zeros(&ctx, 2, 4)?);
/// let offsets = Buffer::from_slice(&ctx, &[0u32, 1, 2])?;
///
/// let mut rec = Recorder::new(&ctx);
/// let given = DeviceBatch::from_offsets(2, ids.clone(), offsets);
/// let batch = bags.batch_from_device(&mut rec, given)?;
/// bags.record_backward(&mut rec, &batch, &grad)?;
/// let mut step = rec.into_plan()?;
///
/// for number in 0..3u32 {
///     grad.write(&ctx, &[0.5; 8])?;
///     step.set(&ids, &Buffer::from_slice(&ctx, &[number, 8])?)?; // a slot is named by what was recorded
///     step.submit()?.wait()?;
/// }
/// # Ok::<(), embag::Error>(())
/// ```
#[derive(Debug)]
pub struct Plan {
    rec: Recorder,
    /// On a GPU.
    ready: Option<Ready>,
    /// The memory of each command as it was recorded.
    recorded: Vec<Vec<Buffer>>,
}

impl Recorder {
    /// Makes everything ready to be submitted many times.
    ///
    /// # Errors
    /// As [`Recorder::submit`], and [`Error::InvalidArgument`] if there are readbacks in it: what they read
    /// is another after each submission, so read the buffer then.
    pub fn into_plan(mut self) -> Result<Plan> {
        if self.commands.iter().any(|command| matches!(command, Command::Readback { .. })) {
            return Err(Error::invalid("recorder", "no readback, for a plan", "one with a readback"));
        }
        let ctx = self.context().clone();
        self.check()?;
        let ready = match ctx.backend() {
            Backend::Gpu(gpu) => {
                let mut ready = self.ready(gpu)?;
                gpu.pin(&self.commands, &mut ready.prepared)?;
                Some(ready)
            }
            Backend::Cpu(_) => None,
        };
        let recorded = self.commands.iter().map(|command| command.buffers().to_vec()).collect();
        Ok(Plan { rec: self, ready, recorded })
    }
}

impl Plan {
    /// Puts `now` in the place of `recorded`, which was bound or copied when the plan was recorded, for the
    /// submissions to come.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] if the plan has no such memory, or some of it together with other memory;
    /// if `now` is of another size, or cannot be bound there; [`Error::WrongContext`]. The plan is as it was
    /// then.
    pub fn set(&mut self, recorded: &Buffer, now: &Buffer) -> Result<()> {
        let ctx = self.rec.context().clone();
        now.check_home(&ctx, "now")?;
        if now.size() != recorded.size() {
            return Err(Error::invalid("now", format!("{} bytes", recorded.size()), now.size()));
        }
        let mut changed = Vec::new();
        for (i, before) in self.recorded.iter().enumerate() {
            for (j, buffer) in before.iter().enumerate().filter(|(_, buffer)| buffer.overlaps(recorded)) {
                let inside = buffer.offset >= recorded.offset
                    && buffer.offset + buffer.size <= recorded.offset + recorded.size;
                if !inside {
                    return Err(Error::invalid("recorded", "memory that is bound by itself", "a part of it"));
                }
                changed.push((i, j, now.part(buffer.offset - recorded.offset, buffer.size)));
            }
        }
        if changed.is_empty() {
            return Err(Error::invalid("recorded", "memory that the plan uses", "other memory"));
        }
        let exchange = |commands: &mut [Command], changed: &mut [(usize, usize, Buffer)]| {
            for (i, j, buffer) in changed {
                if let Some(place) = commands[*i].buffers_mut().get_mut(*j) {
                    std::mem::swap(place, buffer);
                }
            }
        };
        exchange(&mut self.rec.commands, &mut changed);
        let pinned = self.rec.check().and_then(|()| match (ctx.backend(), &mut self.ready) {
            (Backend::Gpu(gpu), Some(ready)) => gpu.pin(&self.rec.commands, &mut ready.prepared),
            _ => Ok(()),
        });
        if pinned.is_err() {
            exchange(&mut self.rec.commands, &mut changed);
        }
        pinned
    }

    /// Submits the work once more, without waiting for it (the CPU context is done on return).
    ///
    /// # Errors
    /// [`Error::Stale`] if what it stands on has moved since it was recorded, an optimizer's error if the
    /// schedule's rate is none, [`Error::Device`] if the device refuses; nothing runs then.
    pub fn submit(&mut self) -> Result<Submission> {
        let rec = &mut self.rec;
        let ctx = rec.context().clone();
        let _turn = rec.needs_turn().then(|| ctx.turn());
        let moved = rec.settle()?;
        let report = Arc::new(Report::new(&ctx));
        rec.commands.extend(report.command(&rec.watched));
        let index = match (ctx.backend(), &mut self.ready) {
            (Backend::Gpu(gpu), Some(ready)) => {
                ready.refresh(&mut rec.commands);
                gpu.execute(&ready.work(rec), None).map(Some)
            }
            _ => rec.execute_on_host().map(|_| None),
        };
        rec.commands.truncate(self.recorded.len());
        let index = index?;
        moved.keep();
        let (watched, kept) = (rec.watched.clone(), rec.kept.clone());
        report.submitted(Submitted { index, watched, kept, moved: None });
        Ok(Submission::new(report))
    }
}
