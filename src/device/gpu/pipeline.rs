//! Pipelines, built once and kept under a typed key.

use std::borrow::Cow;
use std::collections::HashSet;
use std::hash::{Hash, Hasher};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, PoisonError};
use std::time::{Duration, Instant};

use rayon::prelude::*;

use super::Gpu;
use super::cache::Cache;
use crate::device::{Dispatch, Tuning};
use crate::kernel::{Access, Kernel, Shape, Variant};
use crate::kernels;
use crate::{Error, Result};

/// Which pipeline: kernel, variant, its [flags](crate::kernel::Interface::flags), and a bit for each read-only
/// binding that lies in the same wgpu buffer as a written one: wgpu allows that only if both are declared
/// `read_write`.
#[derive(Debug, Clone, Copy)]
pub(crate) struct PipelineKey {
    kernel: &'static Kernel,
    variant: usize,
    flags: u32,
    aliased: u32,
}

impl PipelineKey {
    pub(super) fn new(call: &Dispatch, aliased: u32) -> Self {
        let Dispatch { kernel, variant, ref params, .. } = *call;
        Self { kernel, variant, flags: kernel.flags(variant, params), aliased }
    }

    /// What tells it from others.
    fn parts(&self) -> (&'static str, usize, u32, u32) {
        (self.kernel.name, self.variant, self.flags, self.aliased)
    }
}

impl PartialEq for PipelineKey {
    fn eq(&self, other: &Self) -> bool {
        self.parts() == other.parts()
    }
}

impl Eq for PipelineKey {}

impl Hash for PipelineKey {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.parts().hash(state);
    }
}

#[derive(Debug)]
pub(crate) struct Pipeline {
    /// A number of its own, above [`PARAMS`].
    pub(super) id: u64,
    pub(super) pipeline: wgpu::ComputePipeline,
    pub(super) bindings: wgpu::BindGroupLayout,
    /// What it took to build.
    took: Duration,
}

/// The checks that shaders are built with: of accesses to memory. Loops need no bound of their own, nor
/// divisions a check: every loop of this crate's shaders counts up or down to a limit, halves what it searches,
/// or ends after a number of probes; divisors are dims, counts and widths, none of which is zero where there
/// is something to do.
pub(crate) const CHECKS: wgpu::ShaderRuntimeChecks = {
    let mut checks = wgpu::ShaderRuntimeChecks::checked();
    checks.force_loop_bounding = false;
    checks.int_div_checks = false;
    checks
};

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
    /// A pipeline, which is built if it is not there.
    pub(super) fn pipeline(&self, key: PipelineKey) -> Result<Arc<Pipeline>> {
        if let Some(found) = self.built(&key) {
            return Ok(found);
        }
        let built = Arc::new(self.build(key)?);
        let mut pipelines = self.pipelines.write().unwrap_or_else(PoisonError::into_inner);
        Ok(pipelines.entry(key).or_insert(built).clone())
    }

    /// A pipeline that is there.
    pub(super) fn built(&self, key: &PipelineKey) -> Option<Arc<Pipeline>> {
        self.pipelines.read().unwrap_or_else(PoisonError::into_inner).get(key).cloned()
    }

    /// Builds those of these pipelines that are not there, side by side.
    pub(super) fn build_all(&self, wanted: impl IntoIterator<Item = PipelineKey>) -> Result<()> {
        let missing: HashSet<_> = wanted.into_iter().filter(|key| self.built(key).is_none()).collect();
        let missing: Vec<_> = missing.into_iter().collect();
        missing.into_par_iter().with_max_len(1).try_for_each(|key| self.pipeline(key).map(drop))
    }

    /// The pipelines of every kernel that suit the device and a tuning.
    pub(crate) fn warm_up(&self, tuning: &Tuning) -> Result<()> {
        let suits = |variant: &Variant| {
            self.supports(variant) && (variant.shape == Shape::Any || variant.shape == self.shape)
        };
        let all = kernels::ALL.iter().flat_map(|&kernel| {
            let variants = kernel.variants.iter().enumerate().filter(move |(_, variant)| suits(variant));
            variants.map(move |(variant, _)| (kernel, variant))
        });
        self.build_all(all.filter(|&(kernel, variant)| tuning.may_use(kernel, variant)).flat_map(
            |(kernel, variant)| {
                let sets = kernel.flag_sets(variant);
                sets.map(move |flags| PipelineKey { kernel, variant, flags, aliased: 0 })
            },
        ))?;
        self.save_pipelines();
        self.check_alive("warm-up")
    }

    /// Keeps compiled pipelines for other processes. What cannot be written is compiled again by them.
    fn save_pipelines(&self) {
        if let Some(cache) = &self.cache {
            let _ = cache.save();
        }
    }

    /// What each pipeline took to build, the longest first.
    pub(crate) fn build_times(&self) -> Vec<(String, Duration)> {
        let pipelines = self.pipelines.read().unwrap_or_else(PoisonError::into_inner);
        let named = |(key, pipeline): (&PipelineKey, &Arc<Pipeline>)| {
            let PipelineKey { kernel, variant, flags, .. } = *key;
            let flags = kernel.interface.flags.iter().zip(0..).filter(|(_, bit)| flags >> bit & 1 == 1);
            let flags: String = flags.map(|(flag, _)| format!(" {}", flag.name)).collect();
            (format!("{}.{}{flags}", kernel.name, kernel.variants[variant].name), pipeline.took)
        };
        let mut times: Vec<_> = pipelines.iter().map(named).collect();
        times.sort_by_key(|(_, took)| std::cmp::Reverse(*took));
        times
    }

    fn build(&self, PipelineKey { kernel, variant, flags, aliased }: PipelineKey) -> Result<Pipeline> {
        let start = Instant::now();
        let variant = &kernel.variants[variant];
        let label = format!("embag.{}.{}", kernel.name, variant.name);
        let source = kernel.source(variant, aliased);
        let module = self
            .guarded(&label, || {
                let descriptor = wgpu::ShaderModuleDescriptor {
                    label: Some(&label),
                    source: wgpu::ShaderSource::Wgsl(Cow::Owned(source)),
                };
                #[allow(unsafe_code, reason = "shaders of this crate are known not to need all checks")]
                // SAFETY: only loops and divisions go unchecked, and [`CHECKS`] says why they may.
                unsafe {
                    self.device.create_shader_module_trusted(descriptor, self.checks)
                }
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
        let constants: Vec<(&str, f64)> =
            kernel.overrides(variant, flags).map(|(name, value)| (name, f64::from(value))).collect();
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
                cache: self.cache.as_ref().map(Cache::cache),
            });
            Pipeline { id: IDS.fetch_add(1, Ordering::Relaxed), pipeline, bindings, took: start.elapsed() }
        })
    }
}

impl Drop for Gpu {
    fn drop(&mut self) {
        self.save_pipelines();
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
