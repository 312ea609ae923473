//! The uniform parameters of a submission's dispatches, in one buffer with one bind group.

use std::num::NonZeroU64;

/// Bytes that every dispatch sees from its offset on. No kernel has more parameters.
const WINDOW: u64 = 256;

/// A buffer of parameters, which grows.
#[derive(Debug, Default)]
pub(super) struct Arena {
    bound: Option<(wgpu::Buffer, wgpu::BindGroup)>,
}

impl Arena {
    /// Hands `params` to the device and gives what to bind, with dynamic offsets into `params`.
    pub(super) fn fill(
        &mut self,
        device: &wgpu::Device,
        queue: &wgpu::Queue,
        layout: &wgpu::BindGroupLayout,
        params: &[u8],
    ) -> &wgpu::BindGroup {
        // the window at the last offset must lie inside
        let size = (params.len() as u64 + WINDOW).next_power_of_two();
        if self.bound.as_ref().is_some_and(|(buffer, _)| buffer.size() < size) {
            self.bound = None;
        }
        let (buffer, group) = self.bound.get_or_insert_with(|| bound(device, layout, size));
        if !params.is_empty() {
            queue.write_buffer(buffer, 0, params);
        }
        group
    }
}

fn bound(
    device: &wgpu::Device,
    layout: &wgpu::BindGroupLayout,
    size: u64,
) -> (wgpu::Buffer, wgpu::BindGroup) {
    let buffer = device.create_buffer(&wgpu::BufferDescriptor {
        label: Some("embag.params"),
        size,
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
    (buffer, group)
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
