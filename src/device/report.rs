//! What became of a submission: whether it is done, and what the checks of its batches found.

use std::any::Any;
use std::sync::{Arc, OnceLock};
use std::task::{Context as Task, Poll};
use std::time::{Duration, Instant};

use super::arriving::Arriving;
use super::gpu::Gpu;
use super::{Backend, Buffer, Command, Context};
use crate::{Error, Result};

/// Turns the status words of a batch into an error.
pub(crate) type Check = Arc<dyn Fn(&[u32]) -> Result<()> + Send + Sync>;

/// Status words that a submission hands over when it is done.
#[derive(Clone)]
pub(super) struct Watched {
    pub(super) status: Buffer,
    pub(super) check: Check,
}

/// What a submission was, once it is one.
pub(super) struct Submitted {
    /// None on the CPU, where it is done.
    pub(super) index: Option<wgpu::SubmissionIndex>,
    pub(super) watched: Vec<Watched>,
    /// What is to live as long as someone may ask.
    #[expect(dead_code, reason = "it is held, and dropped")]
    pub(super) kept: Vec<Arc<dyn Any + Send + Sync>>,
    /// What moved between encoding and submission, so that the work wrote to the wrong places.
    pub(super) moved: Option<&'static str>,
}

impl Submitted {
    /// The index to wait for, if the work is one that has to be waited for.
    fn waits<'a>(&'a self, ctx: &'a Context) -> Option<(&'a Gpu, &'a wgpu::SubmissionIndex)> {
        match (ctx.backend(), &self.index) {
            (Backend::Gpu(gpu), Some(index)) => Some((gpu, index)),
            _ => None,
        }
    }
}

/// What a recorder's submission and its readbacks share.
pub(crate) struct Report {
    ctx: Context,
    /// The words that are watched, one status after the other.
    words: Arc<Arriving>,
    submitted: OnceLock<Submitted>,
    /// For work without status words: arrives when it is done.
    done: OnceLock<Arc<Arriving>>,
}

impl std::fmt::Debug for Report {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let submitted = self.submitted.get().map(|submitted| &submitted.index);
        f.debug_struct("Report").field("submitted", &submitted).finish_non_exhaustive()
    }
}

impl Report {
    pub(super) fn new(ctx: &Context) -> Self {
        Self { ctx: ctx.clone(), words: Arc::default(), submitted: OnceLock::new(), done: OnceLock::new() }
    }

    /// The command that hands the status words over, if there are any.
    pub(super) fn command(&self, watched: &[Watched]) -> Option<Command> {
        let sources: Vec<Buffer> = watched.iter().map(|watched| watched.status.clone()).collect();
        (!sources.is_empty()).then(|| Command::Readback { sources, value: 4, bytes: self.words.clone() })
    }

    pub(super) fn submitted(&self, submitted: Submitted) {
        if let (true, Some((gpu, _))) = (submitted.watched.is_empty(), submitted.waits(&self.ctx)) {
            self.done.get_or_init(|| gpu.all_done());
        }
        // a recorder is submitted once
        self.submitted.get_or_init(|| submitted);
        self.words.rouse();
    }

    fn get(&self) -> Result<&Submitted> {
        let never = || Error::invalid("readback", "a submitted recorder", "one that was never submitted");
        self.submitted.get().ok_or_else(never)
    }

    /// Blocks until the work is done.
    pub(super) fn wait(&self) -> Result<()> {
        let submitted = self.get()?;
        if let Some((gpu, index)) = submitted.waits(&self.ctx) {
            let (start, wait) = (Instant::now(), self.ctx.tuning().wait);
            while start.elapsed() < wait {
                gpu.poll()?;
                if self.awaited().is_here() {
                    return Ok(());
                }
                std::hint::spin_loop();
            }
            gpu.wait(index.clone())?;
        }
        if !submitted.watched.is_empty() {
            self.words.settle();
        }
        Ok(())
    }

    /// Blocks until the work is done, or an error.
    pub(super) fn wait_timeout(&self, timeout: Duration) -> Result<()> {
        let start = Instant::now();
        let mut pause = Duration::from_micros(10);
        while !self.is_done()? {
            let left = timeout.saturating_sub(start.elapsed());
            if left.is_zero() {
                return Err(Error::Timeout { timeout });
            }
            std::thread::sleep(pause.min(left));
            pause = (pause * 2).min(Duration::from_millis(1));
        }
        Ok(())
    }

    /// Whether the work is done, without waiting for it.
    ///
    /// What the device calls back tells, and not a wait of no time for the submission's index: while another
    /// thread polls, wgpu 30 may find the queue empty that it has just seen busy, and then panics.
    pub(super) fn is_done(&self) -> Result<bool> {
        let Some((gpu, _)) = self.get()?.waits(&self.ctx) else { return Ok(true) };
        gpu.poll()?;
        Ok(self.awaited().is_here())
    }

    /// What arrives when the work is done.
    fn awaited(&self) -> &Arc<Arriving> {
        self.done.get().unwrap_or(&self.words)
    }

    /// Once the work is done: its errors, as often as one asks.
    pub(super) fn check(&self) -> Result<()> {
        let submitted = self.get()?;
        if let Some(moved) = submitted.moved {
            return Err(Error::Stale { moved });
        }
        if submitted.watched.is_empty() {
            return Ok(());
        }
        let words = self.words.look(|words| words.map(bytemuck::pod_collect_to_vec).map_err(str::to_owned));
        let words = words.unwrap_or_else(|| Err("the status of its batches did not arrive".to_owned()));
        let words: Vec<u32> = words.map_err(|message| self.failed("submission", &message))?;
        let mut rest = &words[..];
        submitted.watched.iter().try_for_each(|watched| {
            let (status, tail) = rest.split_at((watched.status.size() / 4) as usize);
            rest = tail;
            (watched.check)(status)
        })
    }

    /// What is behind an error of the device.
    pub(super) fn failed(&self, operation: &str, message: &str) -> Error {
        match self.ctx.backend() {
            Backend::Gpu(gpu) => gpu.failed(operation, message),
            Backend::Cpu(_) => Error::device(operation, message),
        }
    }

    /// Ready when the work is submitted and its status words are here, or without such words it is done; else
    /// the task is woken then.
    pub(super) fn poll(&self, task: &mut Task<'_>) -> Poll<()> {
        self.words.wake(task.waker());
        let Some(submitted) = self.submitted.get() else { return Poll::Pending };
        if submitted.waits(&self.ctx).is_none() {
            return Poll::Ready(());
        }
        let awaited = self.awaited();
        awaited.wake(task.waker());
        if awaited.is_here() { Poll::Ready(()) } else { Poll::Pending }
    }
}
