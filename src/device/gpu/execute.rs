//! Turns recorded commands into one submission.

use std::sync::Arc;

use super::Gpu;
use super::bind_groups::Key;
use super::memory::GpuMemory;
use super::pipeline::{PARAMS, Pipeline, PipelineKey};
use super::timing::Timing;
use crate::device::{Arriving, Buffer, Command, Dispatch, Repr, size_class};
use crate::kernel::Access;
use crate::{Error, Result};

/// Bytes that every dispatch sees from the offset of its parameters on; no kernel has more of them, and no
/// device wants offsets at multiples of more.
pub(crate) const WINDOW: usize = 256;

/// What is ready before anything is encoded: the pipelines of all dispatches.
#[derive(Debug)]
pub(crate) struct Prepared {
    pipelines: Vec<Arc<Pipeline>>,
    /// The bind groups of all dispatches, if they are to be used more than once.
    pinned: Option<Vec<wgpu::BindGroup>>,
}

/// Commands that go to the device, with what was made ready for them.
pub(crate) struct Work<'a> {
    pub(crate) commands: &'a [Command],
    pub(crate) prepared: &'a Prepared,
    /// Where the parameters are uploaded to, by one of the commands.
    pub(crate) params: &'a Buffer,
    /// Uploads, by the numbers of their commands, whose data another one brings along, and where.
    pub(crate) carried: &'a [(usize, Buffer)],
}

impl Work<'_> {
    /// Uploads with data of their own: that of carried ones is elsewhere.
    fn uploads(&self) -> impl Iterator<Item = (&Buffer, &[u8])> + Clone {
        self.commands.iter().filter_map(|command| match command {
            Command::Upload { target, data } if !data.is_empty() => Some((target, &data[..])),
            _ => None,
        })
    }
}

impl Gpu {
    /// Records everything into one encoder, with one compute pass open as long as there are only dispatches,
    /// and submits it; `timing` finds out how long each takes.
    pub(crate) fn execute(
        &self,
        work: &Work<'_>,
        mut timing: Option<&mut Timing>,
    ) -> Result<wgpu::SubmissionIndex> {
        self.guarded("submission", || {
            let mut encoder =
                self.device.create_command_encoder(&wgpu::CommandEncoderDescriptor { label: Some("embag") });
            for (target, data) in work.uploads() {
                let (memory, offset) = gpu_range(target)?;
                self.queue.write_buffer(&memory.buffer, offset, data);
            }
            self.record(&mut encoder, work, timing.as_deref_mut())?;
            if let Some(timing) = timing {
                timing.resolve(self, &mut encoder);
            }
            self.counting.submission(work.prepared.pipelines.len(), work.uploads().count());
            Ok(self.queue.submit([encoder.finish()]))
        })?
    }

    /// Records everything into the caller's encoder. What is uploaded is copied there, from memory that
    /// belongs to this call.
    pub(crate) fn encode(&self, work: &Work<'_>, encoder: &mut wgpu::CommandEncoder) -> Result<()> {
        for command in work.commands {
            command.buffers().iter().try_for_each(|buffer| gpu_range(buffer).map(drop))?;
        }
        // all that can be refused is made before anything is in the encoder
        let staging =
            self.guarded("encoding", || staged(&self.device, work.uploads().map(|(_, data)| data)))??;
        self.guarded("encoding", || {
            let mut at = 0;
            for (target, data) in work.uploads() {
                let (memory, offset) = gpu_range(target)?;
                if let Some(staging) = &staging {
                    encoder.copy_buffer_to_buffer(staging, at, &memory.buffer, offset, data.len() as u64);
                    at += data.len() as u64;
                }
            }
            self.counting.submission(work.prepared.pipelines.len(), usize::from(staging.is_some()));
            self.record(encoder, work, None)
        })?
    }

    /// Runs commands of this crate's own, outside of any recorder.
    pub(super) fn execute_alone(&self, mut commands: Vec<Command>) -> Result<wgpu::SubmissionIndex> {
        let (prepared, data) = self.prepare(&commands)?;
        let size = data.len().max(WINDOW) as u64;
        let memory = self.allocate_scratch("embag.params", size, crate::device::Used::Uploads)?;
        let params = Buffer { repr: Repr::Gpu(memory), home: 0, offset: 0, size, lease: None };
        commands.push(Command::Upload { target: params.clone(), data });
        self.execute(&Work { commands: &commands, prepared: &prepared, params: &params, carried: &[] }, None)
    }

    /// The pipelines of all dispatches, and their parameters one after the other.
    pub(crate) fn prepare(&self, commands: &[Command]) -> Result<(Prepared, Vec<u8>)> {
        let calls = || Command::dispatches(commands);
        let key = |call: &Dispatch| PipelineKey::new(call, aliased(call));
        let known: Option<Vec<_>> = calls().map(|call| self.built(&key(call))).collect();
        let pipelines = match known {
            Some(known) => known,
            None => {
                self.build_all(calls().map(key))?;
                calls().map(|call| self.pipeline(key(call))).collect::<Result<_>>()?
            }
        };
        let mut params = Vec::with_capacity(pipelines.len() * WINDOW);
        for call in calls() {
            params.extend_from_slice(&call.params);
            params.resize(params.len().next_multiple_of(WINDOW), 0);
        }
        Ok((Prepared { pipelines, pinned: None }, params))
    }

    /// Keeps the bind groups of all dispatches, and the pipelines for what they bind.
    pub(crate) fn pin(&self, commands: &[Command], prepared: &mut Prepared) -> Result<()> {
        let pinned = self.guarded("binding", || {
            let pin = |call: &Dispatch| {
                let pipeline = self.pipeline(PipelineKey::new(call, aliased(call)))?;
                Ok((self.bindings(call, &pipeline)?, pipeline))
            };
            Command::dispatches(commands).map(pin).collect::<Result<Vec<_>>>()
        })?;
        let (groups, pipelines) = pinned?.into_iter().unzip();
        (prepared.pipelines, prepared.pinned) = (pipelines, Some(groups));
        Ok(())
    }

    /// All commands but uploads, which come before them: those that another brought along are copied here.
    fn record(
        &self,
        encoder: &mut wgpu::CommandEncoder,
        work: &Work<'_>,
        mut timing: Option<&mut Timing>,
    ) -> Result<()> {
        let commands = work.commands;
        for (command, source) in work.carried {
            if let Some(Command::Upload { target, .. }) = commands.get(*command) {
                let ((from, from_at), (to, to_at)) = (gpu_range(source)?, gpu_range(target)?);
                encoder.copy_buffer_to_buffer(&from.buffer, from_at, &to.buffer, to_at, target.size);
            }
        }
        let (params, first) = self.params_group(work)?;
        let mut pipelines = (first..).step_by(WINDOW).zip(&work.prepared.pipelines);
        let mut pinned = work.prepared.pinned.iter().flatten();
        let mut at = 0;
        while let Some(command) = commands.get(at) {
            match command {
                Command::Dispatch(_) => {
                    let dispatches = commands[at..].iter().take_while(|c| matches!(c, Command::Dispatch(_)));
                    let run = match &timing {
                        Some(timing) if !timing.inside_passes => 1,
                        _ => dispatches.count(),
                    };
                    let mut pass = encoder.begin_compute_pass(&wgpu::ComputePassDescriptor {
                        label: Some("embag"),
                        timestamp_writes: timing.as_deref_mut().and_then(|timing| timing.around(at)),
                    });
                    if let Some(timing) = timing.as_deref_mut() {
                        timing.pass_begins(&mut pass);
                    }
                    let mut set = None;
                    for (i, (offset, pipeline)) in (at..).zip(pipelines.by_ref().take(run)) {
                        let Command::Dispatch(call) = &commands[i] else { continue };
                        if set.replace(pipeline.id) != Some(pipeline.id) {
                            pass.set_pipeline(&pipeline.pipeline);
                        }
                        match pinned.next() {
                            Some(group) => pass.set_bind_group(0, group, &[]),
                            None => pass.set_bind_group(0, &self.bindings(call, pipeline)?, &[]),
                        }
                        pass.set_bind_group(1, &params, &[offset]);
                        let (x, y) = fold(call.groups);
                        pass.dispatch_workgroups(x, y, 1);
                        if let Some(timing) = timing.as_deref_mut() {
                            timing.dispatched(&mut pass, i);
                        }
                    }
                    at += run;
                    continue;
                }
                Command::Upload { .. } => {}
                other => Timing::outside(timing.as_deref_mut(), encoder, at, |encoder| {
                    self.transfer(encoder, other)
                })?,
            }
            at += 1;
        }
        Ok(())
    }

    /// A command that is neither a dispatch nor an upload.
    fn transfer(&self, encoder: &mut wgpu::CommandEncoder, command: &Command) -> Result<()> {
        match command {
            Command::Copy { buffers: [source, target] } => {
                let ((from, from_at), (to, to_at)) = (gpu_range(source)?, gpu_range(target)?);
                encoder.copy_buffer_to_buffer(&from.buffer, from_at, &to.buffer, to_at, source.size);
            }
            Command::Clear(target) => {
                let (memory, offset) = gpu_range(target)?;
                encoder.clear_buffer(&memory.buffer, offset, Some(target.size));
            }
            Command::Readback { sources, bytes, .. } => {
                let sources = sources.iter().map(|source| {
                    gpu_range(source).map(|(memory, offset)| (&memory.buffer, offset, source.size))
                });
                self.hand_over(encoder, sources.collect::<Result<Vec<_>>>()?, bytes);
            }
            Command::Dispatch(_) | Command::Upload { .. } => {}
        }
        Ok(())
    }

    /// Copies ranges (buffer, offset, bytes) to memory that the host may read, which it does when the
    /// encoder's work is done.
    pub(super) fn hand_over<'a>(
        &self,
        encoder: &mut wgpu::CommandEncoder,
        sources: impl IntoIterator<Item = (&'a wgpu::Buffer, u64, u64), IntoIter: Clone>,
        bytes: &Arc<Arriving>,
    ) {
        let sources = sources.into_iter();
        let staging = self.device.create_buffer(&wgpu::BufferDescriptor {
            label: Some("embag.readback"),
            size: sources.clone().map(|(_, _, size)| size).sum(),
            usage: wgpu::BufferUsages::MAP_READ | wgpu::BufferUsages::COPY_DST,
            mapped_at_creation: false,
        });
        let mut at = 0;
        for (buffer, offset, size) in sources {
            encoder.copy_buffer_to_buffer(buffer, offset, &staging, at, size);
            at += size;
        }
        let (bytes, mapped) = (bytes.clone(), staging.clone());
        let arrive = move |result| bytes.mapped(&mapped, result);
        encoder.map_buffer_on_submit(&staging, wgpu::MapMode::Read, .., arrive);
    }

    /// Arrives when all that was submitted until now is done.
    pub(crate) fn all_done(&self) -> Arc<Arriving> {
        let done = Arc::<Arriving>::default();
        let arriving = done.clone();
        self.queue.on_submitted_work_done(move || arriving.arrive(Ok(Vec::new())));
        done
    }

    /// The bind group of the parameters, and where they begin.
    fn params_group(&self, work: &Work<'_>) -> Result<(wgpu::BindGroup, u32)> {
        let (memory, offset) = gpu_range(work.params)?;
        let offset = u32::try_from(offset)
            .map_err(|_| Error::device("submission", "more than 4 GiB of parameters in one recorder"))?;
        Ok((self.group(PARAMS, &self.params_layout, &[(memory, 0, WINDOW as u64)]), offset))
    }

    /// The bind group of what a dispatch binds.
    fn bindings(&self, call: &Dispatch, pipeline: &Pipeline) -> Result<wgpu::BindGroup> {
        let bound = call.bindings.iter().zip(call.kernel.interface.bindings).map(|(buffer, binding)| {
            let (memory, offset) = gpu_range(buffer)?;
            // a range of no bytes cannot be bound
            Ok(match buffer.size {
                0 => (&self.unused[usize::from(binding.access == Access::ReadWrite)], 0, 256),
                _ => (memory, offset, self.bound_size(buffer, memory)),
            })
        });
        Ok(self.group(pipeline.id, &pipeline.bindings, &bound.collect::<Result<Vec<_>>>()?))
    }

    /// The bind group of ranges (memory, first byte, bytes), by the layout of a number.
    fn group(
        &self,
        number: u64,
        layout: &wgpu::BindGroupLayout,
        bound: &[(&Arc<GpuMemory>, u64, u64)],
    ) -> wgpu::BindGroup {
        let key = Key::new(number, bound.iter().map(|&(memory, offset, size)| [memory.id, offset, size]));
        self.bind_groups.get(&key, || {
            self.counting.bind_group();
            let entries = (0..).zip(bound).map(|(binding, (memory, offset, size))| wgpu::BindGroupEntry {
                binding,
                resource: wgpu::BindingResource::Buffer(wgpu::BufferBinding {
                    buffer: &memory.buffer,
                    offset: *offset,
                    size: std::num::NonZeroU64::new(*size),
                }),
            });
            self.device.create_bind_group(&wgpu::BindGroupDescriptor {
                label: None,
                layout,
                entries: &entries.collect::<Vec<_>>(),
            })
        })
    }

    /// How much of a buffer is bound: of scratch memory as much as its size class, so that a batch that is a
    /// little longer binds the same.
    fn bound_size(&self, buffer: &Buffer, memory: &GpuMemory) -> u64 {
        let class = size_class(buffer.size).min(memory.buffer.size() - buffer.offset);
        if memory.pooled && class <= self.limits().binding { class } else { buffer.size }
    }
}

/// Memory that holds all of this, one after the other, to copy from; `None` if it is nothing.
fn staged<'a>(
    device: &wgpu::Device,
    bytes: impl Iterator<Item = &'a [u8]> + Clone,
) -> Result<Option<wgpu::Buffer>> {
    let size: usize = bytes.clone().map(<[u8]>::len).sum();
    if size == 0 {
        return Ok(None);
    }
    let staging = device.create_buffer(&wgpu::BufferDescriptor {
        label: Some("embag.staging"),
        size: size as u64,
        usage: wgpu::BufferUsages::MAP_WRITE | wgpu::BufferUsages::COPY_SRC,
        mapped_at_creation: true,
    });
    let failed = |error| Error::device("encoding", format!("{error:?}"));
    let mut view = staging.get_mapped_range_mut(..).map_err(failed)?;
    let mut at = 0;
    for bytes in bytes {
        view.slice(at..at + bytes.len()).copy_from_slice(bytes);
        at += bytes.len();
    }
    drop(view);
    staging.unmap();
    Ok(Some(staging))
}

/// Grids beyond 65,535 groups go on in y, with as few groups too many as possible.
fn fold(groups: u32) -> (u32, u32) {
    let y = groups.div_ceil(65_535);
    (groups.div_ceil(y.max(1)), y)
}

fn gpu_range(buffer: &Buffer) -> Result<(&Arc<GpuMemory>, u64)> {
    match &buffer.repr {
        Repr::Gpu(gpu) => Ok((gpu, buffer.offset)),
        Repr::Cpu(_) => Err(Error::WrongContext { argument: "buffer" }),
    }
}

/// The read-only bindings that lie in the same wgpu buffer as a written one (without an overlap, as was
/// checked).
fn aliased(call: &Dispatch) -> u32 {
    let mut mask = 0;
    for (i, written) in call.bindings.iter().enumerate() {
        if call.kernel.interface.bindings[i].access != Access::ReadWrite {
            continue;
        }
        for (j, other) in call.bindings.iter().enumerate() {
            let shared = i != j && other.size > 0 && written.size > 0 && written.same_memory(other);
            if shared && call.kernel.interface.bindings[j].access == Access::Read {
                mask |= 1 << j;
            }
        }
    }
    mask
}

#[cfg(test)]
mod tests {
    use super::{WINDOW, fold};
    use crate::kernels;

    #[test]
    fn every_kernel_s_parameters_fit() {
        for kernel in kernels::ALL {
            assert!(kernel.interface.params.size <= WINDOW, "{}", kernel.name);
        }
    }

    #[test]
    fn grids_fold_into_y() {
        for groups in [1, 65_535, 65_536, 131_070, 131_071, 10_000_000] {
            let (x, y) = fold(groups);
            assert!(x <= 65_535 && u64::from(x) * u64::from(y) >= u64::from(groups), "{groups}: {x} x {y}");
            assert!(u64::from(x) * u64::from(y) < u64::from(groups) + u64::from(y), "{groups}: {x} x {y}");
        }
    }
}
