//! Where work runs: a caller's wgpu device, the best adapter, or the CPU.

use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};
use std::time::Duration;

use super::{
    Buffer, ContextOptions, Counters, Counting, MatmulTile, Pool, Repr, Scratch, Shape, SortVariant, Tuning,
    Used,
};
use crate::device::gpu::{AdapterChoice, Gpu};
use crate::device::host::{Memory, Threads};
#[cfg(feature = "testing")]
use crate::kernel::Variant;
use crate::kernels::bag_forward::InFlight;
use crate::kernels::part::lanes_for;
use crate::{Error, Result};

/// A device and what belongs to it: pipelines and scratch memory. Cloning shares it.
///
/// The same operations run with the same answers on every kind of context.
#[derive(Clone)]
pub struct Context {
    inner: Arc<Inner>,
}

struct Inner {
    /// Buffers carry it: wgpu does not notice a buffer of another instance.
    id: u64,
    backend: Backend,
    limits: DeviceLimits,
    pool: Pool,
    /// Of the CPU; a GPU has its own.
    counting: Counting,
    tuning: RwLock<Tuning>,
    /// Held by submissions that count steps, from before they are counted until the device has the work.
    turn: Mutex<()>,
}

#[derive(Debug)]
pub(crate) enum Backend {
    Gpu(Box<Gpu>),
    Cpu(Threads),
}

/// The limits that this crate plans by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct DeviceLimits {
    /// Largest storage binding in bytes; larger tables are used through several windows.
    pub binding: u64,
    /// Largest buffer in bytes; larger tables are spread over several buffers.
    pub buffer: u64,
    /// What the offset of a storage binding must be a multiple of, in bytes.
    pub alignment: u64,
}

const LEAST_LIMIT: u64 = 1024;
const ALIGNMENT: u64 = 256;

impl Context {
    /// Opens the best adapter: discrete, integrated and virtual GPUs first, software adapters last.
    ///
    /// `WGPU_BACKEND` and `WGPU_ADAPTER_NAME` narrow the choice, and
    /// `EMBAG_DISABLE=f16,subgroup,f32_atomic,packed_dot` turns optional features off, and `avx512` those
    /// instructions on the CPU.
    ///
    /// # Errors
    /// [`Error::NoAdapter`] if there is none, [`Error::Device`] if it cannot be opened.
    pub fn open() -> Result<Self> {
        Self::open_with(&ContextOptions::default())
    }

    /// [`Context::open`] with options.
    ///
    /// # Errors
    /// As [`Context::open`], and [`Error::InvalidArgument`] for limits that are too small, and a tuning that
    /// there are no kernels for.
    pub fn open_with(options: &ContextOptions) -> Result<Self> {
        Self::with_gpu(Gpu::open(AdapterChoice::Any, options)?, options)
    }

    /// A hardware GPU if there is one that can be opened, else the CPU; software adapters are not used.
    ///
    /// # Errors
    /// [`Error::Device`] if there is a hardware GPU that cannot be opened.
    pub fn auto() -> Result<Self> {
        Self::auto_with(&ContextOptions::default())
    }

    /// [`Context::auto`] with options: of hardware GPUs the one of the number that they say, and the CPU if
    /// there are not so many.
    ///
    /// # Errors
    /// As [`Context::open_with`] and [`Context::cpu_with`].
    pub fn auto_with(options: &ContextOptions) -> Result<Self> {
        match Gpu::open(AdapterChoice::Hardware, options) {
            Ok(gpu) => Self::with_gpu(gpu, options),
            Err(Error::NoAdapter { .. }) => Self::cpu_with(options),
            Err(error) => Err(error),
        }
    }

    /// Works on the caller's device and queue; nothing beyond `Limits::default()` is needed.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] if the device has less than 7 storage buffers per shader stage.
    pub fn from_wgpu(device: wgpu::Device, queue: wgpu::Queue) -> Result<Self> {
        Self::from_wgpu_with(device, queue, &ContextOptions::default())
    }

    /// [`Context::from_wgpu`] with options.
    ///
    /// # Errors
    /// As [`Context::from_wgpu`], and for limits that are too small, and a tuning that there are no kernels
    /// for.
    pub fn from_wgpu_with(
        device: wgpu::Device,
        queue: wgpu::Queue,
        options: &ContextOptions,
    ) -> Result<Self> {
        Self::with_gpu(Gpu::new(device, queue, options)?, options)
    }

    /// The CPU: always there, with the same operations and answers.
    #[must_use]
    pub fn cpu() -> Self {
        Self::new(Backend::Cpu(Threads::default()), CPU_LIMITS, Tuning::of(None))
    }

    /// The CPU with limits, which change where large tables are cut, or with a number of threads.
    ///
    /// # Errors
    /// [`Error::Device`] if threads cannot be started; [`Error::InvalidArgument`] for limits that are too
    /// small, and a tuning that there are no kernels for.
    pub fn cpu_with(options: &ContextOptions) -> Result<Self> {
        let tuning = options.tuning.unwrap_or_else(|| Tuning::of(None));
        tuning.check()?;
        let threads = options.threads.map(Threads::of).transpose()?.unwrap_or_default();
        Ok(Self::new(Backend::Cpu(threads), narrowed(CPU_LIMITS, options)?, tuning))
    }

    fn new(backend: Backend, limits: DeviceLimits, tuning: Tuning) -> Self {
        static CONTEXTS: AtomicU64 = AtomicU64::new(1);
        let id = CONTEXTS.fetch_add(1, Ordering::Relaxed);
        let tuning = RwLock::new(tuning);
        let (pool, counting, turn) = (Pool::default(), Counting::default(), Mutex::default());
        Self { inner: Arc::new(Inner { id, backend, limits, pool, counting, tuning, turn }) }
    }

    fn with_gpu(gpu: Gpu, options: &ContextOptions) -> Result<Self> {
        let limits = narrowed(gpu.limits(), options)?;
        let tuning = options.tuning.unwrap_or_else(|| Tuning::of(Some(gpu.info())));
        tuning.check()?;
        Ok(Self::new(Backend::Gpu(Box::new(gpu)), limits, tuning))
    }

    /// The turn of a submission that counts steps: while it is held, no other such submission is under way.
    pub(crate) fn turn(&self) -> MutexGuard<'_, ()> {
        self.inner.turn.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether this is the CPU context.
    #[must_use]
    pub fn is_cpu(&self) -> bool {
        matches!(self.inner.backend, Backend::Cpu(_))
    }

    /// What works on submissions on the CPU.
    pub(crate) fn threads(&self) -> Threads {
        match &self.inner.backend {
            Backend::Gpu(_) => Threads::default(),
            Backend::Cpu(threads) => threads.clone(),
        }
    }

    /// The limits in force.
    #[must_use]
    pub fn limits(&self) -> DeviceLimits {
        self.inner.limits
    }

    /// The shape of kernel used here.
    #[must_use]
    pub fn shape(&self) -> Shape {
        match &self.inner.backend {
            Backend::Gpu(gpu) => gpu.shape(),
            Backend::Cpu(_) => Shape::Serial,
        }
    }

    /// How many loop iterations a thread may make before the device ends its loops; `None` if it never does.
    pub(crate) fn loop_limit(&self) -> Option<u32> {
        self.gpu().and_then(Gpu::loop_limit)
    }

    /// The longest bag that kernels can walk twice.
    pub(crate) fn longest_bag(&self) -> u32 {
        self.loop_limit().map_or(u32::MAX, |limit| limit / 2)
    }

    /// The adapter's name, or the processor's.
    #[must_use]
    pub fn device_name(&self) -> String {
        match &self.inner.backend {
            Backend::Gpu(gpu) => gpu.info().name.clone(),
            Backend::Cpu(threads) => format!("CPU ({} threads)", threads.count()),
        }
    }

    /// The driver's name and version; `rayon` on the CPU.
    #[must_use]
    pub fn driver(&self) -> String {
        match &self.inner.backend {
            Backend::Gpu(gpu) => format!("{} {}", gpu.info().driver, gpu.info().driver_info),
            Backend::Cpu(_) => "rayon".to_owned(),
        }
    }

    /// The adapter, if this is a GPU.
    #[must_use]
    pub fn adapter_info(&self) -> Option<&wgpu::AdapterInfo> {
        self.gpu().map(Gpu::info)
    }

    /// The device and queue, if this is a GPU.
    #[must_use]
    pub fn wgpu(&self) -> Option<(&wgpu::Device, &wgpu::Queue)> {
        self.gpu().map(|gpu| (gpu.device(), gpu.queue()))
    }

    /// An error if the device is lost, or was destroyed. Asks the device, without waiting for its work: for
    /// who is about to use it by other means than this crate.
    ///
    /// # Errors
    /// [`Error::DeviceLost`].
    pub fn check_alive(&self) -> Result<()> {
        self.gpu().map_or(Ok(()), |gpu| gpu.check_alive("check"))
    }

    /// Whether the device flushes `f32` subnormals to zero, found by a probe.
    ///
    /// # Errors
    /// [`Error::Device`] if the probe cannot run.
    pub fn flushes_subnormals(&self) -> Result<bool> {
        self.gpu().map_or(Ok(false), Gpu::flushes_subnormals)
    }

    /// Whether the packed dot product of bytes is the faster way on this device, by a measurement of some
    /// milliseconds when it is first asked; `EMBAG_DISABLE=packed_dot` says no.
    ///
    /// # Errors
    /// [`Error::Device`] if the measurement cannot run.
    pub fn packed_dot(&self) -> Result<bool> {
        self.gpu().map_or(Ok(true), Gpu::packed_dot)
    }

    /// Whether reading 16-bit floats as such is the faster way on this device, found as for
    /// [`packed_dot`](Self::packed_dot); `EMBAG_DISABLE=f16` says no.
    ///
    /// # Errors
    /// [`Error::Device`] if the measurement cannot run.
    pub fn native_f16(&self) -> Result<bool> {
        self.gpu().map_or(Ok(false), Gpu::native_f16)
    }

    /// The checks that shaders are built with, unless all are asked for
    /// ([`ContextOptions::checked_shaders`]).
    #[cfg(feature = "testing")]
    #[doc(hidden)]
    #[must_use]
    pub fn shader_checks() -> wgpu::ShaderRuntimeChecks {
        crate::device::gpu::CHECKS
    }

    /// Whether the device can run a variant of a kernel; all twins run on the CPU.
    #[cfg(feature = "testing")]
    #[doc(hidden)]
    #[must_use]
    pub fn supports(&self, variant: &Variant) -> bool {
        self.gpu().is_none_or(|gpu| gpu.supports(variant))
    }

    /// Builds the pipelines of every kernel for this device and its [`Tuning`] now, instead of at their first
    /// use.
    /// [The guide](crate#first-use-compiles-shaders) says what that costs.
    ///
    /// # Errors
    /// [`Error::Device`] if a driver refuses one.
    pub fn warm_up(&self) -> Result<()> {
        self.gpu().map_or(Ok(()), |gpu| gpu.warm_up(&self.tuning()))
    }

    /// How long each pipeline took to build that was built until now, the longest first, by kernel and
    /// variant.
    #[must_use]
    pub fn build_times(&self) -> Vec<(String, Duration)> {
        self.gpu().map_or(Vec::new(), Gpu::build_times)
    }

    /// Device memory of `size` bytes, zeroed.
    ///
    /// # Errors
    /// [`Error::LimitExceeded`] if it is larger than the device's largest buffer, [`Error::Device`] if there
    /// is not enough memory.
    pub fn allocate(&self, label: &str, size: u64) -> Result<Buffer> {
        let size = self.buffer_size(label, size)?;
        // a binding of zero bytes is refused, so that even an empty buffer has a few behind it
        let backed = size.max(16);
        let repr = match &self.inner.backend {
            Backend::Gpu(gpu) => Repr::Gpu(gpu.allocate(label, backed)?),
            Backend::Cpu(_) => Repr::Cpu(Arc::new(Memory::zeroed(backed)?)),
        };
        Ok(Buffer { repr, home: self.id(), offset: 0, size, lease: None })
    }

    /// [`Context::allocate`] for the pool of scratch memory, of whatever size.
    pub(crate) fn allocate_for(&self, label: &str, size: u64, used: Used) -> Result<Buffer> {
        let repr = match &self.inner.backend {
            Backend::Gpu(gpu) => Repr::Gpu(gpu.allocate_scratch(label, size, used)?),
            Backend::Cpu(_) => Repr::Cpu(Arc::new(Memory::zeroed(size)?)),
        };
        Ok(Buffer { repr, home: self.id(), offset: 0, size, lease: None })
    }

    /// A caller's buffer as memory of this context.
    pub(crate) fn own(&self, buffer: wgpu::Buffer) -> Result<Repr> {
        let gpu = self.gpu().ok_or_else(|| Error::invalid("context", "a GPU context", "the CPU context"))?;
        Ok(Repr::Gpu(gpu.own(buffer)))
    }

    /// Scratch memory that goes back when the last clone of the buffer is dropped, and not with a recorder;
    /// for memory that is made in every step, and to which callers get no handle of their own. Its content is
    /// whatever the last user left.
    pub(crate) fn lend(&self, label: &'static str, size: u64) -> Result<Buffer> {
        let size = self.buffer_size(label, size)?;
        let scratch = Scratch::take(self, label, size, Used::Work)?;
        let buffer = scratch.buffer();
        Ok(Buffer { lease: Some(Arc::new(scratch)), ..buffer })
    }

    /// Memory for an output that an operation makes itself and writes all of.
    pub(crate) fn output(&self, label: &'static str, size: u64) -> Result<Buffer> {
        // callers may keep the wgpu buffer of an output that they drop
        if self.is_cpu() { self.lend(label, size) } else { self.allocate(label, size) }
    }

    /// A size in whole words, if a buffer may have it.
    fn buffer_size(&self, label: &str, size: u64) -> Result<u64> {
        let size = size.checked_next_multiple_of(4).unwrap_or(u64::MAX);
        if size > self.inner.limits.buffer {
            return Err(Error::LimitExceeded {
                what: label.to_owned(),
                needed: size,
                limit: self.inner.limits.buffer,
                hint: "use a smaller batch or dimension",
            });
        }
        Ok(size)
    }

    /// Whether the device's memory is the host's: on the CPU, on software adapters and on integrated GPUs.
    pub(crate) fn uses_host_memory(&self) -> bool {
        use wgpu::DeviceType::{Cpu, IntegratedGpu};
        self.gpu().is_none_or(|gpu| matches!(gpu.info().device_type, Cpu | IntegratedGpu))
    }

    /// Threads for a row that is copied or added up: on real GPUs as many as its update has; on software
    /// adapters one, unless its loop became too long.
    pub(crate) fn lanes(&self, elements: u32) -> u32 {
        let lanes = if self.shape() == Shape::Wide { lanes_for(elements.saturating_mul(4)) } else { 1 };
        // half of the loops are more than the search for the row's place takes
        self.loop_limit().map_or(lanes, |limit| lanes.max(elements.div_ceil(limit / 2)))
    }

    /// Bytes of scratch memory: what recorders, batches and, on the CPU, outputs that operations made use
    /// now, and what is kept for the next. Its peak is that of the operations that ran;
    /// [`EmbeddingBags::record_backward`](crate::EmbeddingBags::record_backward) says what a backward needs.
    pub fn scratch_bytes(&self) -> u64 {
        self.pool().bytes()
    }

    /// Gives scratch memory that is not in use back to the device: after an unusually large batch, say.
    pub fn release_scratch(&self) {
        self.pool().release();
    }

    pub(crate) fn scratch(&self, label: &'static str, size: u64) -> Result<Scratch> {
        self.check_binding(label, size)?;
        Scratch::take(self, label, size, Used::Work)
    }

    /// Whether a binding may be as large.
    pub(crate) fn check_binding(&self, label: &str, size: u64) -> Result<()> {
        if size > self.inner.limits.binding {
            return Err(Error::LimitExceeded {
                what: label.to_owned(),
                needed: size,
                limit: self.inner.limits.binding,
                hint: "use a smaller batch",
            });
        }
        Ok(())
    }

    /// The choices between kernels in force.
    #[must_use]
    pub fn tuning(&self) -> Tuning {
        *self.inner.tuning.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// Changes [`tuning`](Self::tuning) for what is recorded from now on.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] if there are no kernels for it.
    pub fn set_tuning(&self, tuning: Tuning) -> Result<()> {
        tuning.check()?;
        *self.inner.tuning.write().unwrap_or_else(PoisonError::into_inner) = tuning;
        Ok(())
    }

    /// What lookups have in flight.
    pub(crate) fn in_flight(&self) -> Option<InFlight> {
        self.tuning().in_flight(self.shape())
    }

    /// Whether layers of `f16` weights are multiplied by cooperative matrices.
    pub(crate) fn has_cooperative(&self) -> bool {
        self.shape() == Shape::Wide && self.gpu().is_some_and(Gpu::has_cooperative)
    }

    /// Whether the device has subgroups that kernels are written for.
    pub(crate) fn has_subgroups(&self) -> bool {
        self.gpu().is_some_and(Gpu::has_subgroups)
    }

    /// Whether a sort ranks keys by subgroups.
    pub(crate) fn sorts_by_subgroups(&self) -> bool {
        self.tuning().sort == SortVariant::Subgroup && self.has_subgroups()
    }

    /// The tile for a product's output.
    pub(crate) fn matmul_tile(&self, m: u32, n: u32, slices: u32) -> Option<MatmulTile> {
        self.tuning().tile(self.shape(), m, n, slices)
    }

    /// What this context has asked of its device so far.
    pub fn counters(&self) -> Counters {
        self.counting().get()
    }

    pub(super) fn counting(&self) -> &Counting {
        self.gpu().map_or(&self.inner.counting, Gpu::counting)
    }

    pub(crate) fn pool(&self) -> &Pool {
        &self.inner.pool
    }

    pub(crate) fn backend(&self) -> &Backend {
        &self.inner.backend
    }

    fn gpu(&self) -> Option<&Gpu> {
        match &self.inner.backend {
            Backend::Gpu(gpu) => Some(gpu),
            Backend::Cpu(_) => None,
        }
    }

    /// Which context this is, among all that there were.
    pub(crate) fn id(&self) -> u64 {
        self.inner.id
    }
}

/// Contexts are equal if one is a clone of the other, and so if what belongs to one may be used in the other.
impl PartialEq for Context {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.inner, &other.inner)
    }
}

impl Eq for Context {}

/// Bindings stay below 4 Gi elements on the CPU too, since kernels index with `u32`.
const CPU_BINDING: u64 = (16 << 30) - 256;
const CPU_LIMITS: DeviceLimits =
    DeviceLimits { binding: CPU_BINDING, buffer: CPU_BINDING, alignment: ALIGNMENT };

fn narrowed(limits: DeviceLimits, options: &ContextOptions) -> Result<DeviceLimits> {
    let narrow = |name: &str, limit: u64, wanted: Option<u64>| match wanted {
        Some(bytes) if bytes < LEAST_LIMIT => {
            Err(Error::invalid(name, format!("at least {LEAST_LIMIT} bytes"), bytes))
        }
        Some(bytes) => Ok(limit.min(bytes / ALIGNMENT * ALIGNMENT)),
        None => Ok(limit),
    };
    let buffer = narrow("max_buffer", limits.buffer, options.max_buffer)?;
    let binding = narrow("max_binding", limits.binding, options.max_binding)?.min(buffer);
    Ok(DeviceLimits { binding, buffer, ..limits })
}

impl fmt::Debug for Context {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Context").field("device", &self.device_name()).finish_non_exhaustive()
    }
}

/// Adapter, driver, limits and optional features, one a line.
impl fmt::Display for Context {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "device    {}", self.device_name())?;
        writeln!(f, "driver    {}", self.driver())?;
        let limits = self.limits();
        writeln!(f, "binding   {} MiB", limits.binding >> 20)?;
        write!(f, "buffer    {} MiB", limits.buffer >> 20)?;
        if let Some(gpu) = self.gpu() {
            let info = gpu.info();
            write!(f, "\nbackend   {:?}, {:?}", info.backend, info.device_type)?;
            write!(f, "\nsubgroups {}..{}", info.subgroup_min_size, info.subgroup_max_size)?;
            write!(f, "\noptional  {}", gpu.optional_features().join(", "))?;
        }
        Ok(())
    }
}
