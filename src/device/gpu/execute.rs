//! Turns recorded commands into one submission.

use std::sync::{Arc, PoisonError};

use super::Gpu;
use super::arena::Arena;
use super::pipeline::Pipeline;
use super::timing::Timing;
use crate::device::{Arriving, Buffer, Command, Dispatch, Repr};
use crate::kernel::Access;
use crate::{Error, Result};

/// Dispatches with their pipelines and where their parameters begin.
type Prepared<'a> = Vec<(&'a Dispatch, Arc<Pipeline>, usize)>;

impl Gpu {
    /// Records everything into one encoder, with one compute pass open as long as there are only dispatches,
    /// and submits it; `timing` finds out how long each takes.
    pub(crate) fn execute(
        &self,
        commands: &[Command],
        mut timing: Option<&mut Timing>,
    ) -> Result<wgpu::SubmissionIndex> {
        let (prepared, params) = self.prepare(commands)?;
        // The arena's content belongs to one submission: no other may write it before this one is made.
        let mut kept = self.arena.lock().unwrap_or_else(PoisonError::into_inner);
        self.guarded("submission", || {
            let mut encoder =
                self.device.create_command_encoder(&wgpu::CommandEncoderDescriptor { label: Some("embag") });
            kept.take_if(|arena| !arena.has_room_for(params.len()));
            let arena =
                kept.get_or_insert_with(|| Arena::of(&self.device, &self.params_layout, params.len()));
            if !params.is_empty() {
                self.queue.write_buffer(arena.buffer(), 0, &params);
            }
            for (target, data) in uploads(commands) {
                let (buffer, offset) = gpu_range(target)?;
                self.queue.write_buffer(buffer, offset, data);
            }
            self.record(&mut encoder, commands, prepared, arena.group(), timing.as_deref_mut())?;
            if let Some(timing) = timing {
                timing.resolve(self, &mut encoder);
            }
            Ok(self.queue.submit([encoder.finish()]))
        })?
    }

    /// Records everything into the caller's encoder. What is uploaded is copied there, from memory that
    /// belongs to this call.
    pub(crate) fn encode(&self, commands: &[Command], encoder: &mut wgpu::CommandEncoder) -> Result<()> {
        let (prepared, params) = self.prepare(commands)?;
        for command in commands {
            command.buffers().iter().try_for_each(|buffer| gpu_range(buffer).map(drop))?;
        }
        // all that can be refused is made before anything is in the encoder
        let (arena, staging) = self.guarded("encoding", || {
            let arena = Arena::of(&self.device, &self.params_layout, params.len());
            let bytes = uploads(commands).map(|(_, data)| data).chain([&params[..]]);
            (arena, staged(&self.device, bytes))
        })?;
        let staging = staging?;
        self.guarded("encoding", || {
            let targets = uploads(commands).map(|(target, data)| (gpu_range(target), data.len()));
            let mut at = 0;
            for (target, bytes) in targets.chain([(Ok((arena.buffer(), 0)), params.len())]) {
                let (buffer, offset) = target?;
                if let (Some(staging), true) = (&staging, bytes > 0) {
                    encoder.copy_buffer_to_buffer(staging, at, buffer, offset, bytes as u64);
                    at += bytes as u64;
                }
            }
            self.record(encoder, commands, prepared, arena.group(), None)
        })?
    }

    /// The pipelines and parameters of all dispatches.
    fn prepare<'a>(&self, commands: &'a [Command]) -> Result<(Prepared<'a>, Vec<u8>)> {
        let slot = self.device.limits().min_uniform_buffer_offset_alignment as usize;
        let mut params = Vec::new();
        let mut prepared = Vec::with_capacity(commands.len());
        for command in commands {
            if let Command::Dispatch(call) = command {
                let offset = params.len();
                params.extend_from_slice(&call.params);
                params.resize(params.len().next_multiple_of(slot), 0);
                prepared.push((call, self.pipeline(call.kernel, call.variant, aliased(call))?, offset));
            }
        }
        Ok((prepared, params))
    }

    /// All commands but uploads, which come before them.
    fn record(
        &self,
        encoder: &mut wgpu::CommandEncoder,
        commands: &[Command],
        prepared: Prepared<'_>,
        params: &wgpu::BindGroup,
        mut timing: Option<&mut Timing>,
    ) -> Result<()> {
        let mut prepared = prepared.into_iter();
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
                    for (i, (call, pipeline, offset)) in (at..).zip(prepared.by_ref().take(run)) {
                        self.encode_dispatch(&mut pass, call, &pipeline, params, offset)?;
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
                encoder.copy_buffer_to_buffer(from, from_at, to, to_at, source.size);
            }
            Command::Clear(target) => {
                let (buffer, offset) = gpu_range(target)?;
                encoder.clear_buffer(buffer, offset, Some(target.size));
            }
            Command::Readback { sources, bytes, .. } => {
                let sources = sources
                    .iter()
                    .map(|source| gpu_range(source).map(|(buffer, offset)| (buffer, offset, source.size)));
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

    fn encode_dispatch(
        &self,
        pass: &mut wgpu::ComputePass<'_>,
        call: &Dispatch,
        pipeline: &Pipeline,
        params: &wgpu::BindGroup,
        offset: usize,
    ) -> Result<()> {
        let entries = (0u32..)
            .zip(&call.bindings)
            .map(|(binding, buffer)| {
                let (whole, offset) = gpu_range(buffer)?;
                let written = call.kernel.interface.bindings[binding as usize].access == Access::ReadWrite;
                // a range of no bytes cannot be bound
                let (whole, offset) = match buffer.size {
                    0 => (&self.unused[usize::from(written)], 0),
                    _ => (whole, offset),
                };
                Ok(wgpu::BindGroupEntry {
                    binding,
                    resource: wgpu::BindingResource::Buffer(wgpu::BufferBinding {
                        buffer: whole,
                        offset,
                        size: std::num::NonZeroU64::new(buffer.size),
                    }),
                })
            })
            .collect::<Result<Vec<_>>>()?;
        let bindings = self.device.create_bind_group(&wgpu::BindGroupDescriptor {
            label: None,
            layout: &pipeline.bindings,
            entries: &entries,
        });
        pass.set_pipeline(&pipeline.pipeline);
        pass.set_bind_group(0, &bindings, &[]);
        let offset = u32::try_from(offset)
            .map_err(|_| Error::device("submission", "more than 4 GiB of parameters in one recorder"))?;
        pass.set_bind_group(1, params, &[offset]);
        let (x, y) = fold(call.groups);
        pass.dispatch_workgroups(x, y, 1);
        Ok(())
    }
}

/// What is written before anything runs.
fn uploads(commands: &[Command]) -> impl Iterator<Item = (&Buffer, &[u8])> + Clone {
    commands.iter().filter_map(|command| match command {
        Command::Upload { target, data } => Some((target, &data[..])),
        _ => None,
    })
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

fn gpu_range(buffer: &Buffer) -> Result<(&wgpu::Buffer, u64)> {
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
    use super::fold;

    #[test]
    fn grids_fold_into_y() {
        for groups in [1, 65_535, 65_536, 131_070, 131_071, 10_000_000] {
            let (x, y) = fold(groups);
            assert!(x <= 65_535 && u64::from(x) * u64::from(y) >= u64::from(groups), "{groups}: {x} x {y}");
            assert!(u64::from(x) * u64::from(y) < u64::from(groups) + u64::from(y), "{groups}: {x} x {y}");
        }
    }
}
