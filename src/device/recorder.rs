//! Records operations and submits them together.

use super::late::{Late, Settling, settle};
use super::{Backend, Buffer, Context, Readback, ReadbackState, Scratch};
use crate::device::Dispatch;
use crate::{Error, Result};
use bytemuck::Pod;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// One recorded step.
#[derive(Debug)]
pub(crate) enum Command {
    Dispatch(Dispatch),
    /// Runs before the dispatches of its recorder, so only for memory that they do not use before.
    Upload {
        target: Buffer,
        data: Vec<u8>,
    },
    Copy {
        source: Buffer,
        target: Buffer,
    },
    Clear(Buffer),
    Readback {
        source: Buffer,
        /// Bytes of a value.
        value: usize,
        state: Arc<ReadbackState>,
    },
}

impl Command {
    /// Whether it can run there. Everything is checked before anything runs, so that an error means that
    /// nothing was written.
    fn check(&self, ctx: &Context) -> Result<()> {
        match self {
            Self::Dispatch(call) => call.check(ctx),
            Self::Upload { target, .. } | Self::Clear(target) => target.check_home(ctx, "target"),
            Self::Copy { source, target } => {
                source.check_home(ctx, "copy source")?;
                target.check_home(ctx, "copy target")
            }
            Self::Readback { source, value, .. } => {
                source.check_home(ctx, "readback source")?;
                // values of no bytes would be any number of them
                if source.size().checked_rem(*value as u64) == Some(0) {
                    return Ok(());
                }
                let expected = format!("a multiple of the {value} bytes of a value");
                Err(Error::invalid("bytes to read back", expected, source.size()))
            }
        }
    }
}

/// Turns a batch's status words into an error; called after the submission is done.
pub(crate) type Check = Box<dyn Fn() -> Result<()> + Send + Sync>;

/// The checks of a recorder, which its submission and its readbacks share.
#[derive(Default, Clone)]
pub(crate) struct Checks(Arc<Mutex<Vec<Check>>>);

impl Checks {
    pub(crate) fn run(&self) -> Result<()> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).iter().try_for_each(|check| check())
    }

    fn push(&self, check: Check) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(check);
    }

    fn len(&self) -> usize {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).len()
    }

    fn truncate(&self, len: usize) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).truncate(len);
    }
}

impl std::fmt::Debug for Checks {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Checks")
    }
}

/// Records many operations for one submission: on a GPU one encoder and one open compute pass.
///
/// Nothing runs before [`Recorder::submit`]; the CPU context runs everything there, in order. Steps of
/// optimizers are counted there too, in the order of submissions: a recorder that is dropped, or refused,
/// leaves tables, state and the numbers of steps as they are. Learning rates are those of the recording,
/// times the schedule's factor of the step.
#[must_use = "what is recorded runs when the recorder is submitted, and never if it is dropped"]
pub struct Recorder {
    ctx: Context,
    pub(super) commands: Vec<Command>,
    /// What is settled at submission.
    late: Vec<Late>,
    checks: Checks,
    /// What [`Recorder::check_once`] has checks for.
    checked: Vec<usize>,
    scratch: Vec<Scratch>,
    /// Scratch of scopes that are over: commands run in order, so that later ones may have it.
    spare: Vec<Scratch>,
    /// Scratch that is filled before anything runs, and so belongs to one use.
    uploads: Vec<Scratch>,
}

impl std::fmt::Debug for Recorder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Recorder").field("commands", &self.commands.len()).finish_non_exhaustive()
    }
}

impl Recorder {
    /// An empty recorder.
    pub fn new(ctx: &Context) -> Self {
        Self {
            ctx: ctx.clone(),
            commands: Vec::new(),
            late: Vec::new(),
            checks: Checks::default(),
            checked: Vec::new(),
            scratch: Vec::new(),
            spare: Vec::new(),
            uploads: Vec::new(),
        }
    }

    /// The context it records for.
    #[must_use]
    pub fn context(&self) -> &Context {
        &self.ctx
    }

    /// Records one kernel dispatch; nothing happens if it has no groups.
    pub(crate) fn dispatch(&mut self, dispatch: Dispatch) {
        if dispatch.groups > 0 {
            self.commands.push(Command::Dispatch(dispatch));
        }
    }

    pub(crate) fn upload(&mut self, target: &Buffer, data: Vec<u8>) {
        if !data.is_empty() {
            self.commands.push(Command::Upload { target: target.part(0, data.len() as u64), data });
        }
    }

    /// Copies `source` to `target`, which must be of the same size.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] if the sizes differ, or if both lie in one buffer (which wgpu refuses).
    pub fn copy(&mut self, source: &Buffer, target: &Buffer) -> Result<()> {
        if source.size() != target.size() {
            return Err(Error::invalid("copy target", format!("{} bytes", source.size()), target.size()));
        }
        if source.same_memory(target) {
            return Err(Error::invalid("copy target", "another buffer than the source", "the same buffer"));
        }
        if source.size() > 0 {
            self.commands.push(Command::Copy { source: source.clone(), target: target.clone() });
        }
        Ok(())
    }

    /// Fills a buffer with zeros.
    pub fn clear(&mut self, target: &Buffer) {
        if target.size() > 0 {
            self.commands.push(Command::Clear(target.clone()));
        }
    }

    /// Asks for the content of `source` at this point, which must be of whole values: otherwise the
    /// submission is refused. Waiting for it also gives the errors that [`Submission::wait`] would.
    pub fn readback<T: Pod>(&mut self, source: &Buffer) -> Readback<T> {
        let state = Arc::new(ReadbackState::new(&self.ctx));
        let value = size_of::<T>();
        self.commands.push(Command::Readback { source: source.clone(), value, state: state.clone() });
        Readback::new(state, self.checks.clone())
    }

    /// Scratch memory that lives until the scope that it is taken in ends (see [`Recorder::scope`]).
    pub(crate) fn scratch(&mut self, label: &'static str, size: u64) -> Result<Buffer> {
        let spare = self.spare.iter().rposition(|scratch| scratch.fits(size));
        let scratch = match spare {
            Some(i) => self.spare.swap_remove(i).resized(size),
            None => self.ctx.scratch(label, size)?,
        };
        let buffer = scratch.buffer();
        self.scratch.push(scratch);
        Ok(buffer)
    }

    /// Scratch memory holding `data`; lives until this recorder is submitted.
    pub(crate) fn scratch_from<T: bytemuck::NoUninit>(
        &mut self,
        label: &'static str,
        data: &[T],
    ) -> Result<Buffer> {
        let bytes: &[u8] = bytemuck::cast_slice(data);
        let scratch = self.ctx.scratch(label, bytes.len() as u64)?;
        let buffer = scratch.buffer();
        self.uploads.push(scratch);
        self.upload(&buffer, bytes.to_vec());
        Ok(buffer)
    }

    /// Records something whose scratch memory is not needed afterwards: what is recorded next may use it.
    pub(crate) fn scope<T>(&mut self, record: impl FnOnce(&mut Self) -> T) -> T {
        let before = self.scratch.len();
        let result = record(self);
        self.spare.extend(self.scratch.drain(before..));
        result
    }

    /// Records all of an operation or, if it fails, nothing.
    pub(crate) fn whole<T>(&mut self, record: impl FnOnce(&mut Self) -> Result<T>) -> Result<T> {
        let before = (self.commands.len(), self.late.len(), self.checks.len(), self.checked.len());
        let result = record(self);
        if result.is_err() {
            self.commands.truncate(before.0);
            self.late.truncate(before.1);
            self.checks.truncate(before.2);
            self.checked.truncate(before.3);
        }
        result
    }

    /// Settles something at submission, after what was recorded before and before anything runs.
    pub(super) fn late(&mut self, late: impl Fn(&mut Settling<'_>) -> Result<()> + Send + Sync + 'static) {
        self.late.push(Box::new(late));
    }

    pub(crate) fn check(&mut self, check: Check) {
        self.checks.push(check);
    }

    /// [`Recorder::check`] for what many operations use: each check is a read from the device. The check must
    /// keep alive what is at `address`.
    pub(crate) fn check_once(&mut self, address: usize, check: Check) {
        if !self.checked.contains(&address) {
            self.checked.push(address);
            self.checks.push(check);
        }
    }

    /// Hands everything to the device, without waiting for it (the CPU context is done on return).
    ///
    /// # Errors
    /// [`Error::WrongContext`], [`Error::InvalidArgument`] or [`Error::LimitExceeded`] if memory belongs to
    /// another context, overlaps or cannot be bound, [`Error::Device`] if the device refuses; nothing runs
    /// then. Bad ids of device batches show in [`Submission::wait`].
    pub fn submit(mut self) -> Result<Submission> {
        self.commands.iter().try_for_each(|command| command.check(&self.ctx))?;
        // steps are numbered in the order in which their work reaches the device
        let turn = (!self.late.is_empty()).then(|| self.ctx.turn());
        let moved = settle(&mut self.commands, &self.late)?;
        let index = match self.ctx.backend() {
            Backend::Gpu(gpu) => Some(gpu.execute(&self.commands)?),
            Backend::Cpu => {
                crate::device::host::execute(self.commands)?;
                None
            }
        };
        moved.keep();
        drop(turn);
        Ok(Submission { ctx: self.ctx, index, checks: self.checks })
    }

    /// [`Recorder::submit`] and [`Submission::wait`].
    ///
    /// # Errors
    /// As both.
    pub fn run(self) -> Result<()> {
        self.submit()?.wait()
    }
}

/// Work that was handed to the device.
#[must_use = "errors of device batches show only when it is waited for"]
pub struct Submission {
    ctx: Context,
    index: Option<wgpu::SubmissionIndex>,
    checks: Checks,
}

impl std::fmt::Debug for Submission {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Submission").field("index", &self.index).finish_non_exhaustive()
    }
}

impl Submission {
    /// Blocks until the work is done.
    ///
    /// # Errors
    /// [`Error::IdOutOfRange`] or [`Error::Offsets`] if a device batch in it was bad (its operations have
    /// then written nothing), [`Error::Device`] if the device failed.
    pub fn wait(self) -> Result<()> {
        self.finish(None)
    }

    /// [`Submission::wait`] for at most `timeout`.
    ///
    /// # Errors
    /// As [`Submission::wait`], and [`Error::Timeout`].
    pub fn wait_timeout(self, timeout: Duration) -> Result<()> {
        self.finish(Some(timeout))
    }

    fn finish(self, timeout: Option<Duration>) -> Result<()> {
        if let (Backend::Gpu(gpu), Some(index)) = (self.ctx.backend(), self.index) {
            gpu.wait(index, timeout)?;
        }
        self.checks.run()
    }
}
