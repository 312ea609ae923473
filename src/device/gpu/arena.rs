//! The uniform parameters of a submission's dispatches, in one buffer with one bind group.

use std::num::NonZeroU64;

/// Bytes that every dispatch sees from its offset on. No kernel has more parameters.
const WINDOW: u64 = 256;

/// A buffer of parameters, bound with dynamic offsets.
#[derive(Debug)]
pub(super) struct Arena {
    buffer: wgpu::Buffer,
    group: wgpu::BindGroup,
}

impl Arena {
    /// Room for this many bytes of parameters.
    pub(super) fn of(device: &wgpu::Device, layout: &wgpu::BindGroupLayout, bytes: usize) -> Self {
        let buffer = device.create_buffer(&wgpu::BufferDescriptor {
            label: Some("embag.params"),
            // the window at the last offset must lie inside
            size: (bytes as u64 + WINDOW).next_power_of_two(),
            usage: wgpu::BufferUsages::UNIFORM | wgpu::BufferUsages::COPY_DST,
            mapped_at_creation: false,
        });
        let group = device.create_bind_group(&wgpu::BindGroupDescriptor {
            label: Some("embag.params"),
            layout,
            entries: &[wgpu::BindGroupEntry {
                binding: 0,
                resource: wgpu::BindingResource::Buffer(wgpu::BufferBinding {
                    buffer: &buffer,
                    offset: 0,
                    size: NonZeroU64::new(WINDOW),
                }),
            }],
        });
        Self { buffer, group }
    }

    pub(super) fn has_room_for(&self, bytes: usize) -> bool {
        bytes as u64 + WINDOW <= self.buffer.size()
    }

    pub(super) fn buffer(&self) -> &wgpu::Buffer {
        &self.buffer
    }

    /// What to bind.
    pub(super) fn group(&self) -> &wgpu::BindGroup {
        &self.group
    }
}

#[cfg(test)]
mod tests {
    use super::WINDOW;
    use crate::kernels;

    #[test]
    fn every_kernel_s_parameters_fit() {
        for kernel in kernels::ALL {
            assert!(kernel.interface.params.size as u64 <= WINDOW, "{}", kernel.name);
        }
    }
}
