//! Pipelines, built once and kept under a typed key.

use std::borrow::Cow;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, PoisonError};

use super::Gpu;
use crate::kernel::{Access, Kernel, Variant};
use crate::{Error, Result};

/// Which pipeline: kernel, variant, and the bindings that share a buffer with a written one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct PipelineKey {
    kernel: &'static str,
    variant: usize,
    aliased: u32,
}

#[derive(Debug)]
pub(crate) struct Pipeline {
    /// A number of its own, above [`PARAMS`].
    pub(super) id: u64,
    pub(super) pipeline: wgpu::ComputePipeline,
    pub(super) bindings: wgpu::BindGroupLayout,
}

/// Among the numbers of layouts, that of the parameters of every kernel.
pub(super) const PARAMS: u64 = 0;
static IDS: AtomicU64 = AtomicU64::new(PARAMS + 1);

/// The uniform parameters of every kernel, at a dynamic offset.
pub(super) fn params_layout(device: &wgpu::Device) -> wgpu::BindGroupLayout {
    device.create_bind_group_layout(&wgpu::BindGroupLayoutDescriptor {
        label: Some("embag.params"),
        entries: &[wgpu::BindGroupLayoutEntry {
            binding: 0,
            visibility: wgpu::ShaderStages::COMPUTE,
            ty: wgpu::BindingType::Buffer {
                ty: wgpu::BufferBindingType::Uniform,
                has_dynamic_offset: true,
                min_binding_size: None,
            },
            count: None,
        }],
    })
}

impl Gpu {
    /// The pipeline of a kernel's variant. `aliased` has a bit for each read-only binding that lies in the
    /// same wgpu buffer as a written one: wgpu allows that only if both are declared `read_write`.
    pub(crate) fn pipeline(
        &self,
        kernel: &'static Kernel,
        variant: usize,
        aliased: u32,
    ) -> Result<Arc<Pipeline>> {
        let key = PipelineKey { kernel: kernel.name, variant, aliased };
        if let Some(found) = self.pipelines.read().unwrap_or_else(PoisonError::into_inner).get(&key) {
            return Ok(found.clone());
        }
        let built = Arc::new(self.build(kernel, variant, aliased)?);
        let mut pipelines = self.pipelines.write().unwrap_or_else(PoisonError::into_inner);
        Ok(pipelines.entry(key).or_insert(built).clone())
    }

    fn build(&self, kernel: &'static Kernel, index: usize, aliased: u32) -> Result<Pipeline> {
        let variant = &kernel.variants[index];
        let label = format!("embag.{}.{}", kernel.name, variant.name);
        let source = kernel.source(variant, aliased);
        let module = self
            .guarded(&label, || {
                self.device.create_shader_module(wgpu::ShaderModuleDescriptor {
                    label: Some(&label),
                    source: wgpu::ShaderSource::Wgsl(Cow::Owned(source)),
                })
            })
            .map_err(|error| located(error, kernel, variant))?;
        let entries: Vec<_> = (0u32..)
            .zip(kernel.interface.bindings)
            .map(|(i, binding)| {
                let read_only = binding.access == Access::Read && aliased >> i & 1 == 0;
                wgpu::BindGroupLayoutEntry {
                    binding: i,
                    visibility: wgpu::ShaderStages::COMPUTE,
                    ty: wgpu::BindingType::Buffer {
                        ty: wgpu::BufferBindingType::Storage { read_only },
                        has_dynamic_offset: false,
                        min_binding_size: None,
                    },
                    count: None,
                }
            })
            .collect();
        let workgroup = [("WORKGROUP", variant.workgroup)];
        let constants: Vec<(&str, f64)> = workgroup
            .iter()
            .chain(variant.constants)
            .map(|&(name, value)| (name, f64::from(value)))
            .collect();
        self.guarded(&label, || {
            let bindings = self.device.create_bind_group_layout(&wgpu::BindGroupLayoutDescriptor {
                label: Some(&label),
                entries: &entries,
            });
            let layout = self.device.create_pipeline_layout(&wgpu::PipelineLayoutDescriptor {
                label: Some(&label),
                bind_group_layouts: &[Some(&bindings), Some(&self.params_layout)],
                immediate_size: 0,
            });
            let pipeline = self.device.create_compute_pipeline(&wgpu::ComputePipelineDescriptor {
                label: Some(&label),
                layout: Some(&layout),
                module: &module,
                entry_point: Some("main"),
                compilation_options: wgpu::PipelineCompilationOptions {
                    constants: &constants,
                    // every kernel writes workgroup memory before it reads it
                    zero_initialize_workgroup_memory: false,
                },
                cache: None,
            });
            Pipeline { id: IDS.fetch_add(1, Ordering::Relaxed), pipeline, bindings }
        })
    }
}

/// Puts the file's name and line in front of a naga error, which speaks of `wgsl:LINE:COLUMN`.
fn located(error: Error, kernel: &Kernel, variant: &Variant) -> Error {
    let Error::Device { operation, message } = error else { return error };
    let line = message
        .split_once("wgsl:")
        .and_then(|(_, rest)| rest.split(':').next())
        .and_then(|line| line.trim().parse().ok());
    match line.and_then(|line| kernel.locate(variant, line)) {
        Some((path, line)) => Error::device(operation, format!("{path}:{line}: {message}")),
        None => Error::Device { operation, message },
    }
}
