//! Records operations and submits them together.

use std::any::Any;
use std::sync::Arc;
use std::time::Duration;

use bytemuck::Pod;

use super::arriving::Arriving;
use super::gpu::Timing;
use super::late::{Ground, Late, Moved, Settling, settle};
use super::report::{Report, Submitted, Watched};
use super::uploads::Block;
use super::{Backend, Buffer, Context, Encoded, Readback, Scratch, Submission};
use crate::device::Dispatch;
use crate::{Error, Result};

const COPY_SRC: wgpu::BufferUsages = wgpu::BufferUsages::COPY_SRC;
const COPY_DST: wgpu::BufferUsages = wgpu::BufferUsages::COPY_DST;

/// One recorded step.
#[derive(Debug)]
pub(crate) enum Command {
    Dispatch(Dispatch),
    /// Runs before the dispatches of its recorder, so only for memory that they do not use before.
    Upload {
        target: Buffer,
        data: Vec<u8>,
    },
    /// From the first to the second.
    Copy {
        buffers: [Buffer; 2],
    },
    Clear(Buffer),
    /// The content of all sources, one after the other.
    Readback {
        sources: Vec<Buffer>,
        /// Bytes of a value.
        value: usize,
        bytes: Arc<Arriving>,
    },
}

impl Command {
    /// Whether it can run there. Everything is checked before anything runs, so that an error means that
    /// nothing was written.
    fn check(&self, ctx: &Context) -> Result<()> {
        match self {
            Self::Dispatch(call) => call.check(ctx),
            Self::Upload { target, .. } | Self::Clear(target) => target.check_use(ctx, "target", COPY_DST),
            Self::Copy { buffers: [source, target] } => {
                source.check_use(ctx, "copy source", COPY_SRC)?;
                target.check_use(ctx, "copy target", COPY_DST)
            }
            Self::Readback { sources, value, .. } => sources.iter().try_for_each(|source| {
                source.check_use(ctx, "readback source", COPY_SRC)?;
                // values of no bytes would be any number of them
                if source.size().checked_rem(*value as u64) == Some(0) {
                    return Ok(());
                }
                let expected = format!("a multiple of the {value} bytes of a value");
                Err(Error::invalid("bytes to read back", expected, source.size()))
            }),
        }
    }

    /// The dispatches among some commands.
    pub(super) fn dispatches(commands: &[Self]) -> impl Iterator<Item = &Dispatch> {
        commands.iter().filter_map(|command| match command {
            Self::Dispatch(call) => Some(call),
            _ => None,
        })
    }

    /// The kernel, or what else it is.
    pub(super) fn name(&self) -> &'static str {
        match self {
            Self::Dispatch(call) => call.kernel.name,
            Self::Upload { .. } => "upload",
            Self::Copy { .. } => "copy",
            Self::Clear(_) => "clear",
            Self::Readback { .. } => "readback",
        }
    }

    /// Bytes that it reads and writes, at most.
    pub(super) fn bytes(&self) -> u64 {
        match self {
            Self::Dispatch(call) => call.bytes(),
            other => other.buffers().iter().map(Buffer::size).sum(),
        }
    }

    pub(super) fn buffers_mut(&mut self) -> &mut [Buffer] {
        match self {
            Self::Dispatch(call) => &mut call.bindings,
            Self::Upload { target, .. } | Self::Clear(target) => std::slice::from_mut(target),
            Self::Copy { buffers } => buffers,
            Self::Readback { sources, .. } => sources,
        }
    }

    /// All memory that it uses.
    pub(super) fn buffers(&self) -> &[Buffer] {
        match self {
            Self::Dispatch(call) => &call.bindings,
            Self::Upload { target, .. } | Self::Clear(target) => std::slice::from_ref(target),
            Self::Copy { buffers } => buffers,
            Self::Readback { sources, .. } => sources,
        }
    }
}

/// Records many operations for one submission: on a GPU one encoder and one open compute pass.
///
/// Nothing runs before [`Recorder::submit`]; the CPU context runs everything there, in order. Steps of
/// optimizers are counted there too, in the order of submissions: a recorder that is dropped, or refused,
/// leaves tables, state and the numbers of steps as they are. Learning rates are those of the recording,
/// times the schedule's factor of the step. What is recorded keeps the memory that it uses: matrices and
/// batches may be dropped before. [`Recorder::encode`] puts the work into an encoder of your own.
#[must_use = "what is recorded runs when the recorder is submitted, and never if it is dropped"]
pub struct Recorder {
    ctx: Context,
    pub(super) commands: Vec<Command>,
    /// What is settled at submission.
    late: Vec<Late>,
    pub(super) watched: Vec<Watched>,
    pub(super) kept: Vec<Arc<dyn Any + Send + Sync>>,
    /// What the work stands on, and how often it had moved.
    grounds: Vec<(Ground, u64)>,
    report: Arc<Report>,
    scratch: Vec<Scratch>,
    /// Scratch of scopes that are over: commands run in order, so that later ones may have it.
    spare: Vec<Scratch>,
    /// Scratch that belongs to one use.
    kept_scratch: Vec<Scratch>,
    /// What is uploaded to, and the one that is being filled.
    pub(super) uploads: Vec<Scratch>,
    pub(super) block: Option<Block>,
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
            watched: Vec::new(),
            kept: Vec::new(),
            grounds: Vec::new(),
            report: Arc::new(Report::new(ctx)),
            scratch: Vec::new(),
            spare: Vec::new(),
            kept_scratch: Vec::new(),
            uploads: Vec::new(),
            block: None,
        }
    }

    /// The context it records for.
    #[must_use]
    pub fn context(&self) -> &Context {
        &self.ctx
    }

    /// Records one kernel dispatch; nothing happens if it has no groups.
    pub(crate) fn dispatch(&mut self, dispatch: Dispatch) {
        debug_assert!(
            !self.uploads.iter().any(|block| dispatch.writes_to(&block.buffer())),
            "{} writes to what was uploaded to be read",
            dispatch.kernel.name
        );
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
            self.commands.push(Command::Copy { buffers: [source.clone(), target.clone()] });
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
        let bytes = Arc::<Arriving>::default();
        let (sources, value) = (vec![source.clone()], size_of::<T>());
        self.commands.push(Command::Readback { sources, value, bytes: bytes.clone() });
        Readback::new(bytes, self.report.clone())
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

    /// Memory that holds `data`, for kernels that only read it; lives until this recorder is submitted.
    pub(crate) fn scratch_from<T: bytemuck::NoUninit>(
        &mut self,
        label: &'static str,
        data: &[T],
    ) -> Result<Buffer> {
        let bytes: &[u8] = bytemuck::cast_slice(data);
        self.ctx.check_binding(label, bytes.len() as u64)?;
        Ok(self.place(label, bytes)?.0)
    }

    /// [`Recorder::scratch_from`] for kernels that also write to it.
    pub(crate) fn scratch_starting<T: bytemuck::NoUninit>(
        &mut self,
        label: &'static str,
        data: &[T],
    ) -> Result<Buffer> {
        let bytes: &[u8] = bytemuck::cast_slice(data);
        let scratch = self.ctx.scratch(label, bytes.len() as u64)?;
        let buffer = scratch.buffer();
        // filled before anything runs, and so of this one use
        self.kept_scratch.push(scratch);
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
        let before = (self.commands.len(), self.late.len(), self.watched.len());
        let (kept, grounds) = (self.kept.len(), self.grounds.len());
        let result = record(self);
        if result.is_err() {
            self.commands.truncate(before.0);
            self.late.truncate(before.1);
            self.watched.truncate(before.2);
            self.kept.truncate(kept);
            self.grounds.truncate(grounds);
        }
        result
    }

    /// Settles something at submission, after what was recorded before and before anything runs.
    pub(super) fn late(&mut self, late: impl Fn(&mut Settling<'_>) -> Result<()> + Send + Sync + 'static) {
        self.late.push(Box::new(late));
    }

    /// Makes an error of status words, as they are when the work is done; once for each status, however many
    /// operations stand on it.
    pub(crate) fn watch(
        &mut self,
        status: &Buffer,
        check: impl Fn(&[u32]) -> Result<()> + Send + Sync + 'static,
    ) {
        if !self.watched.iter().any(|watched| watched.status.overlaps(status)) {
            self.watched.push(Watched { status: status.clone(), check: Arc::new(check) });
        }
    }

    /// Keeps something alive as long as there is this recorder, its submission or a readback of it.
    pub(crate) fn keep<T: Send + Sync + 'static>(&mut self, kept: &Arc<T>) {
        let address = Arc::as_ptr(kept).addr();
        if !self.kept.iter().any(|known| Arc::as_ptr(known).addr() == address) {
            self.kept.push(kept.clone());
        }
    }

    /// Refuses the submission if the ground has moved until then.
    pub(crate) fn stands_on(&mut self, ground: &Ground) {
        self.stood_on(ground, ground.moved());
    }

    /// Refuses the submission if the ground has moved more often until then.
    pub(crate) fn stood_on(&mut self, ground: &Ground, moved: u64) {
        self.grounds.push((ground.clone(), moved));
    }

    /// Hands everything to the device, without waiting for it (the CPU context is done on return).
    ///
    /// # Errors
    /// [`Error::WrongContext`], [`Error::InvalidArgument`] or [`Error::LimitExceeded`] if memory belongs to
    /// another context, overlaps or cannot be bound, [`Error::Device`] if the device refuses; nothing runs
    /// then. Bad ids of device batches show in [`Submission::wait`].
    pub fn submit(self) -> Result<Submission> {
        Ok(self.submit_timed(None)?.0)
    }

    /// [`Recorder::submit`], and how long each command took, by its number: on the CPU at once, on a GPU by
    /// `timing` when it is done.
    pub(super) fn submit_timed(
        mut self,
        timing: Option<&mut Timing>,
    ) -> Result<(Submission, Vec<(usize, Duration)>)> {
        let ctx = self.ctx.clone();
        self.commands.extend(self.status_command());
        self.check()?;
        let turn = self.needs_turn().then(|| ctx.turn());
        let moved = self.settle()?;
        let (index, times) = match ctx.backend() {
            Backend::Gpu(gpu) => {
                let ready = self.ready(gpu)?;
                (Some(gpu.execute(&ready.work(&self), timing)?), Vec::new())
            }
            Backend::Cpu(_) => (None, self.execute_on_host()?),
        };
        moved.keep();
        drop(turn);
        let Self { watched, kept, report, .. } = self;
        report.submitted(Submitted { index, watched, kept, moved: None });
        Ok((Submission::new(report), times.into_iter().enumerate().collect()))
    }

    /// The command that hands over the status words of its batches, if there are any.
    pub(super) fn status_command(&self) -> Option<Command> {
        self.report.command(&self.watched)
    }

    /// Puts everything into the caller's encoder, which must be of the context's device: between the caller's
    /// own passes, for a submission that is the caller's. Nothing is submitted here, and nothing is written
    /// through the queue: what has to be uploaded comes with the encoder, from memory of this encoding, so
    /// that several encodings may wait for their submission.
    ///
    /// Steps of optimizers are counted here, in the order of encodings, and so encoders must be submitted in
    /// the order in which they were given work. (Host batches, and what is [written](Buffer::write) to
    /// buffers, are uploaded through the queue when they are made.)
    ///
    /// ```
    /// use embag::optim::Sgd;
    /// use embag::{Context, EmbeddingBags, Matrix, Pooling, Recorder, Table};
    ///
    /// # let Ok(ctx) = Context::open() else { return Ok(()) };
    /// let bags = EmbeddingBags::builder(&ctx)
    ///     .table("movie", Table::rows(500).dim(16))
    ///     .feature("liked", "movie", Pooling::Sum)
    ///     .build()?;
    /// let batch = bags.batch().bags("liked", &[7u32, 3, 9], &[2, 1]).build()?;
    /// let pooled = Matrix::zeros(&ctx, 2, 16)?;
    /// let (device, queue) = ctx.wgpu().expect("a GPU");
    ///
    /// let mut encoder = device.create_command_encoder(&Default::default());
    /// // your passes
    /// let mut rec = Recorder::new(&ctx);
    /// bags.record_forward(&mut rec, &batch, &pooled)?;
    /// let encoded = rec.encode(&mut encoder)?;
    /// // your passes, which may read `pooled.buffer().as_wgpu()`
    /// let index = queue.submit([encoder.finish()]);
    /// encoded.submitted(index).wait()?;
    /// # Ok::<(), embag::Error>(())
    /// ```
    ///
    /// # Errors
    /// As [`Recorder::submit`]; the encoder is as it was then. [`Error::InvalidArgument`] for the CPU context.
    pub fn encode(mut self, encoder: &mut wgpu::CommandEncoder) -> Result<Encoded> {
        let ctx = self.ctx.clone();
        let Backend::Gpu(gpu) = ctx.backend() else {
            return Err(Error::invalid("context", "a GPU context, to encode for", "the CPU context"));
        };
        self.commands.extend(self.status_command());
        self.check()?;
        let turn = ctx.turn();
        let moved = self.settle()?;
        let ready = self.ready(gpu)?;
        gpu.encode(&ready.work(&self), encoder)?;
        moved.keep();
        drop(turn);
        let Self { commands, watched, kept, grounds, report, scratch, spare, kept_scratch, uploads, .. } =
            self;
        let submitted = Submitted { index: None, watched, kept, moved: None };
        let scratch = [scratch, spare, kept_scratch, uploads].into_iter().flatten().collect();
        Ok(Encoded::new(report, submitted, grounds, commands, scratch))
    }

    /// Runs everything on the CPU; the commands stay.
    pub(super) fn execute_on_host(&mut self) -> Result<Vec<Duration>> {
        self.ctx.counting().submission(Command::dispatches(&self.commands).count(), 0);
        let commands = Arc::new(std::mem::take(&mut self.commands));
        let times = crate::device::host::execute(&self.ctx.threads(), commands.clone());
        // the queue has dropped its own when it answers
        self.commands = Arc::into_inner(commands).unwrap_or_default();
        times
    }

    /// Whether everything can run.
    pub(super) fn check(&self) -> Result<()> {
        self.commands.iter().try_for_each(|command| command.check(&self.ctx))
    }

    /// Whether it is submitted in turn: steps are numbered in the order in which their work reaches the device.
    pub(super) fn needs_turn(&self) -> bool {
        !self.late.is_empty() || !self.grounds.is_empty()
    }

    /// Makes what is made last; what it moves goes back unless it is kept.
    pub(super) fn settle(&mut self) -> Result<Moved> {
        self.grounds.iter().try_for_each(|(ground, before)| ground.check(*before))?;
        settle(&mut self.commands, &self.late)
    }

    /// [`Recorder::submit`] and [`Submission::wait`].
    ///
    /// # Errors
    /// As both.
    pub fn run(self) -> Result<()> {
        self.submit()?.wait()
    }
}
