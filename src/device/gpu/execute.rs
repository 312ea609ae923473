//! Turns recorded commands into one submission.

use std::sync::{Arc, PoisonError};

use super::Gpu;
use super::arena::Arena;
use crate::device::{Buffer, Command, Dispatch, ReadbackState, Repr};
use crate::kernel::Access;
use crate::{Error, Result};

impl Gpu {
    /// Records everything into one encoder, with one compute pass open as long as there are only dispatches.
    pub(crate) fn execute(&self, commands: &[Command]) -> Result<wgpu::SubmissionIndex> {
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
        // The arena's content belongs to one submission: no other may write it before this one is made.
        let mut arena = self.arena.lock().unwrap_or_else(PoisonError::into_inner);
        self.guarded("submission", || self.encode(commands, &params, prepared, &mut arena))?
    }

    fn encode(
        &self,
        commands: &[Command],
        params: &[u8],
        prepared: Vec<(&Dispatch, Arc<super::Pipeline>, usize)>,
        arena: &mut Arena,
    ) -> Result<wgpu::SubmissionIndex> {
        let params = arena.fill(&self.device, &self.queue, &self.params_layout, params);
        let mut encoder =
            self.device.create_command_encoder(&wgpu::CommandEncoderDescriptor { label: Some("embag") });
        let mut readbacks: Vec<(&Arc<ReadbackState>, wgpu::Buffer)> = Vec::new();
        let mut prepared = prepared.into_iter();
        let mut rest = commands;
        while let Some((first, tail)) = rest.split_first() {
            match first {
                Command::Dispatch(_) => {
                    let run = rest.iter().take_while(|c| matches!(c, Command::Dispatch(_))).count();
                    let mut pass = encoder.begin_compute_pass(&wgpu::ComputePassDescriptor {
                        label: Some("embag"),
                        timestamp_writes: None,
                    });
                    for (call, pipeline, offset) in prepared.by_ref().take(run) {
                        self.encode_dispatch(&mut pass, call, &pipeline, params, offset)?;
                    }
                    rest = &rest[run..];
                    continue;
                }
                Command::Upload { target, data } => {
                    let (buffer, offset) = gpu_range(target)?;
                    self.queue.write_buffer(buffer, offset, data);
                }
                Command::Copy { source, target } => {
                    let ((from, from_at), (to, to_at)) = (gpu_range(source)?, gpu_range(target)?);
                    encoder.copy_buffer_to_buffer(from, from_at, to, to_at, source.size);
                }
                Command::Clear(target) => {
                    let (buffer, offset) = gpu_range(target)?;
                    encoder.clear_buffer(buffer, offset, Some(target.size));
                }
                Command::Readback { source, state, .. } => {
                    let (buffer, offset) = gpu_range(source)?;
                    let staging = self.device.create_buffer(&wgpu::BufferDescriptor {
                        label: Some("embag.readback"),
                        size: source.size,
                        usage: wgpu::BufferUsages::MAP_READ | wgpu::BufferUsages::COPY_DST,
                        mapped_at_creation: false,
                    });
                    encoder.copy_buffer_to_buffer(buffer, offset, &staging, 0, source.size);
                    readbacks.push((state, staging));
                }
            }
            rest = tail;
        }
        let index = self.queue.submit([encoder.finish()]);
        for (state, staging) in readbacks {
            state.submitted(index.clone(), staging.clone());
            let (state, mapped) = (state.clone(), staging.clone());
            staging.slice(..).map_async(wgpu::MapMode::Read, move |result| state.mapped(&mapped, result));
        }
        Ok(index)
    }

    fn encode_dispatch(
        &self,
        pass: &mut wgpu::ComputePass<'_>,
        call: &Dispatch,
        pipeline: &super::Pipeline,
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
