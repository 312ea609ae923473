//! All that speaks wgpu: adapters, pipelines, execution. Knows nothing of embeddings.

mod adapter;
mod bind_groups;
mod cache;
mod execute;
mod faster;
mod memory;
mod native_f16;
mod packed_dot;
mod pipeline;
mod probe;
mod timing;

use std::collections::HashMap;
use std::sync::{Arc, OnceLock, RwLock};

pub(crate) use adapter::AdapterChoice;
use bind_groups::BindGroups;
use cache::Cache;
pub(crate) use execute::{Prepared, WINDOW, Work};
pub(crate) use memory::GpuMemory;
pub(crate) use pipeline::CHECKS;
use pipeline::{Pipeline, PipelineKey};
pub(crate) use timing::Timing;

use crate::device::{ContextOptions, Counting, DeviceLimits, Used};
use crate::kernel::{Shape, Variant};
use crate::{Error, Result};

/// A wgpu device with its pipelines.
#[derive(Debug)]
pub(crate) struct Gpu {
    device: wgpu::Device,
    queue: wgpu::Queue,
    info: wgpu::AdapterInfo,
    shape: Shape,
    /// Whether it was asked for cooperative matrices, and has those that kernels are written for.
    cooperative: bool,
    pipelines: RwLock<HashMap<PipelineKey, Arc<Pipeline>>>,
    checks: wgpu::ShaderRuntimeChecks,
    cache: Option<Cache>,
    params_layout: wgpu::BindGroupLayout,
    bind_groups: Arc<BindGroups>,
    counting: Counting,
    flushes_subnormals: OnceLock<bool>,
    packed_dot: OnceLock<bool>,
    native_f16: OnceLock<bool>,
    /// What is bound in place of ranges of no bytes: one to read, one to write.
    unused: [Arc<GpuMemory>; 2],
}

/// Metal keeps one of its 8 for itself.
const STORAGE_BUFFERS: u32 = 7;
/// See [`Gpu::loop_limit`]; a little less, for the loops that are not worth counting.
const SOFTWARE_LOOPS: u32 = 64_500;
/// Writes of this many bytes do not wait for the next submission.
const WAITING: u64 = 1 << 20;
/// Some back ends index with `i32`.
const LARGEST_BINDING: u64 = (1 << 31) - 256;

impl Gpu {
    pub(crate) fn new(device: wgpu::Device, queue: wgpu::Queue, options: &ContextOptions) -> Result<Self> {
        let limits = device.limits();
        if limits.max_storage_buffers_per_shader_stage < STORAGE_BUFFERS {
            return Err(Error::invalid(
                "device",
                format!("at least {STORAGE_BUFFERS} storage buffers per shader stage"),
                limits.max_storage_buffers_per_shader_stage,
            ));
        }
        let info = device.adapter_info();
        let shape = options.shape.unwrap_or(match info.device_type {
            wgpu::DeviceType::Cpu => Shape::Serial,
            _ => Shape::Wide,
        });
        let cache = options.pipeline_cache.as_deref().map(|folder| Cache::open(&device, folder));
        let cache = cache.transpose()?.flatten();
        let checked = options.checked_shaders.unwrap_or(info.device_type == wgpu::DeviceType::Cpu);
        let checks = if checked { wgpu::ShaderRuntimeChecks::checked() } else { CHECKS };
        let params_layout = pipeline::params_layout(&device);
        let bind_groups = Arc::<BindGroups>::default();
        let unused = [(); 2].map(|()| {
            let buffer = device.create_buffer(&wgpu::BufferDescriptor {
                label: Some("embag.unused"),
                size: 256,
                usage: wgpu::BufferUsages::STORAGE,
                mapped_at_creation: false,
            });
            GpuMemory::new(buffer, false, &bind_groups)
        });
        let cooperative = options.cooperative_matrices
            && device.features().contains(adapter::COOPERATIVE)
            && adapter::subgroups_of_32(&info);
        Ok(Self {
            device,
            queue,
            info,
            shape,
            cooperative,
            pipelines: RwLock::default(),
            checks,
            cache,
            params_layout,
            bind_groups,
            counting: Counting::default(),
            flushes_subnormals: OnceLock::new(),
            packed_dot: OnceLock::new(),
            native_f16: OnceLock::new(),
            unused,
        })
    }

    pub(crate) fn device(&self) -> &wgpu::Device {
        &self.device
    }

    pub(crate) fn queue(&self) -> &wgpu::Queue {
        &self.queue
    }

    pub(crate) fn info(&self) -> &wgpu::AdapterInfo {
        &self.info
    }

    /// How many loop iterations an invocation may make, over all its loops together.
    ///
    /// Mesa's llvmpipe leaves every loop without a word after 65,535 (`LP_MAX_TGSI_LOOP_ITERATIONS`), and so
    /// do its relatives; hardware has no such limit.
    pub(crate) fn loop_limit(&self) -> Option<u32> {
        (self.info.device_type == wgpu::DeviceType::Cpu).then_some(SOFTWARE_LOOPS)
    }

    pub(crate) fn counting(&self) -> &Counting {
        &self.counting
    }

    pub(crate) fn shape(&self) -> Shape {
        self.shape
    }

    pub(crate) fn limits(&self) -> DeviceLimits {
        let limits = self.device.limits();
        DeviceLimits {
            binding: limits.max_storage_buffer_binding_size.min(LARGEST_BINDING) / 256 * 256,
            buffer: limits.max_buffer_size,
            alignment: u64::from(limits.min_storage_buffer_offset_alignment),
        }
    }

    /// Names of the optional features that are on.
    pub(crate) fn optional_features(&self) -> Vec<&'static str> {
        let has = self.device.features();
        let mut names: Vec<_> = adapter::OPTIONAL
            .iter()
            .filter(|(_, feature)| has.contains(*feature))
            .map(|(name, _)| *name)
            .collect();
        names.dedup();
        names
    }

    /// Memory for kernels, zeroed.
    pub(crate) fn allocate(&self, label: &str, size: u64) -> Result<Arc<GpuMemory>> {
        let buffer = self.create_buffer(label, size, wgpu::BufferUsages::empty())?;
        Ok(self.own(buffer))
    }

    /// Memory for the pool.
    pub(crate) fn allocate_scratch(&self, label: &str, size: u64, used: Used) -> Result<Arc<GpuMemory>> {
        let more = match used {
            Used::Work => wgpu::BufferUsages::empty(),
            Used::Uploads => wgpu::BufferUsages::UNIFORM,
        };
        Ok(GpuMemory::new(self.create_buffer(label, size, more)?, true, &self.bind_groups))
    }

    /// Writes bytes at ascending places behind `offset`; they are there for the next submission. What lies
    /// between them is whatever.
    pub(crate) fn write(
        &self,
        memory: &GpuMemory,
        offset: u64,
        places: &[u64],
        parts: &[&[u8]],
    ) -> Result<()> {
        let end = places.iter().zip(parts).map(|(at, part)| at + part.len() as u64).max().unwrap_or(0);
        let Some(size) = wgpu::BufferSize::new(end.next_multiple_of(4)) else { return Ok(()) };
        self.counting.upload();
        let written = self.guarded("write", || {
            // nothing on a lost device, without an error
            let mut view = self.queue.write_buffer_with(&memory.buffer, offset, size)?;
            for (at, part) in places.iter().zip(parts) {
                let at = usize::try_from(*at).unwrap_or(usize::MAX);
                view.slice(at..at + part.len()).copy_from_slice(part);
            }
            drop(view);
            // what waits for a submission takes as much memory again
            if end >= WAITING {
                self.queue.submit([]);
            }
            Some(())
        })?;
        written.ok_or_else(|| self.failed("write", "no memory to write from"))
    }

    /// A buffer as memory of this device.
    pub(crate) fn own(&self, buffer: wgpu::Buffer) -> Arc<GpuMemory> {
        GpuMemory::new(buffer, false, &self.bind_groups)
    }

    fn create_buffer(&self, label: &str, size: u64, more: wgpu::BufferUsages) -> Result<wgpu::Buffer> {
        self.guarded("buffer allocation", || {
            self.device.create_buffer(&wgpu::BufferDescriptor {
                label: Some(label),
                size,
                usage: wgpu::BufferUsages::STORAGE
                    | wgpu::BufferUsages::COPY_SRC
                    | wgpu::BufferUsages::COPY_DST
                    | more,
                mapped_at_creation: false,
            })
        })
    }

    /// Runs `make` inside error scopes, so that a refusal is an error and not a panic.
    fn guarded<T>(&self, operation: &str, make: impl FnOnce() -> T) -> Result<T> {
        let scopes =
            [wgpu::ErrorFilter::Validation, wgpu::ErrorFilter::OutOfMemory, wgpu::ErrorFilter::Internal]
                .map(|filter| self.device.push_error_scope(filter));
        let made = make();
        let mut first = None;
        for scope in scopes.into_iter().rev() {
            first = pollster::block_on(scope.pop()).or(first);
        }
        match first {
            None => Ok(made),
            Some(error) => Err(self.failed(operation, error)),
        }
    }

    /// The error of an operation that failed with these words.
    pub(crate) fn failed(&self, operation: &str, message: impl ToString) -> Error {
        self.check_alive(operation).err().unwrap_or_else(|| Error::device(operation, message))
    }

    /// An error if the device is lost, for operations that wgpu does on such a device without a word.
    pub(crate) fn check_alive(&self, operation: &str) -> Result<()> {
        match self.is_lost() {
            true => Err(Error::DeviceLost { operation: operation.to_owned() }),
            false => Ok(()),
        }
    }

    /// Whether the device is lost, or was destroyed.
    ///
    /// Only one callback tells that, which is the caller's. But on a lost device wgpu makes buffers without a
    /// word that cannot be used.
    fn is_lost(&self) -> bool {
        let scopes = [wgpu::ErrorFilter::Validation, wgpu::ErrorFilter::OutOfMemory]
            .map(|filter| self.device.push_error_scope(filter));
        let buffer = self.device.create_buffer(&wgpu::BufferDescriptor {
            label: Some("embag.lost"),
            size: 16,
            usage: wgpu::BufferUsages::COPY_DST,
            mapped_at_creation: false,
        });
        self.queue.write_buffer(&buffer, 0, &[0; 4]);
        let [validation, memory] = scopes;
        let memory = pollster::block_on(memory.pop());
        let validation = pollster::block_on(validation.pop());
        memory.is_none() && validation.is_some()
    }

    pub(crate) fn wait(&self, index: wgpu::SubmissionIndex) -> Result<()> {
        let poll = wgpu::PollType::Wait { submission_index: Some(index), timeout: None };
        self.device.poll(poll).map(drop).map_err(|error| self.failed("wait", error))
    }

    /// Lets the device call back for what is done.
    pub(crate) fn poll(&self) -> Result<()> {
        self.device.poll(wgpu::PollType::Poll).map(drop).map_err(|error| self.failed("poll", error))
    }

    /// What was found out before, or is now.
    fn once(&self, known: &OnceLock<bool>, find: impl FnOnce(&Self) -> Result<bool>) -> Result<bool> {
        if let Some(&known) = known.get() {
            return Ok(known);
        }
        let found = find(self)?;
        Ok(*known.get_or_init(|| found))
    }

    pub(crate) fn flushes_subnormals(&self) -> Result<bool> {
        self.once(&self.flushes_subnormals, probe::flushes_subnormals)
    }

    /// Whether the packed dot product of bytes is the faster way here; measured when it is first asked.
    pub(crate) fn packed_dot(&self) -> Result<bool> {
        self.once(&self.packed_dot, packed_dot::is_faster)
    }

    /// Whether reading 16-bit floats as such is the faster way here; measured when it is first asked.
    pub(crate) fn native_f16(&self) -> Result<bool> {
        self.once(&self.native_f16, native_f16::is_faster)
    }

    /// Whether the device has what a variant needs.
    pub(crate) fn supports(&self, variant: &Variant) -> bool {
        (!variant.needs_f16() || self.device.features().contains(wgpu::Features::SHADER_F16))
            && (!variant.needs_subgroups() || self.has_subgroups())
            && (!variant.needs_cooperative() || self.cooperative)
    }

    /// Whether there are cooperative matrices that kernels are written for.
    pub(crate) fn has_cooperative(&self) -> bool {
        self.cooperative
    }

    /// Whether there are subgroups that kernels are written for.
    pub(crate) fn has_subgroups(&self) -> bool {
        self.device.features().contains(wgpu::Features::SUBGROUP)
            && self.info.subgroup_min_size >= 8
            && self.info.subgroup_max_size <= 32
    }
}
